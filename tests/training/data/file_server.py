"""A server of files on this machine that can break off, ignore ranges and change its files."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from zoo.training.data.fetch import Remote

CONTENT = bytes(range(256)) * 2_000


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files` as the attributes of the server say."""

    def do_GET(self):
        server = self.server
        server.requests.append(dict(self.headers))
        content = server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = self.start_of_range(content)
        if start > len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : server.cut])

    def start_of_range(self, content):
        asked = self.headers.get("Range")
        fresh = self.headers.get("If-Range") in (None, self.server.tag)
        if not asked or not self.server.ranges or not fresh:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving():
    """Yield a server whose attributes say what it serves, and how."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.files, httpd.requests = {"file.bin": CONTENT}, []
        httpd.ranges, httpd.cut, httpd.tag, httpd.length = True, None, '"first"', True
        httpd.address = f"http://127.0.0.1:{httpd.server_port}/"
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


def remote_of(server, name="file.bin", **known):
    return Remote(server.address + name, **known)
