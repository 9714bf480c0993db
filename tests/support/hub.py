"""A server with the part of the Hugging Face Hub's interface that a download needs, for one model."""

import contextlib
import hashlib
import http.server
import json
import threading
from pathlib import Path

COMMIT = "a" * 40


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer(with_body=True)

    def do_HEAD(self):
        self._answer(with_body=False)

    def _answer(self, *, with_body):
        path = self.path.partition("?")[0]
        name, files = self.server.name, self.server.files
        self.server.asked.append(path)
        if path == f"/api/models/{name}" or path.startswith(f"/api/models/{name}/revision/"):
            listing = [{"rfilename": file, "size": len(data)} for file, data in files.items()]
            self._send(json.dumps({"id": name, "sha": COMMIT, "siblings": listing}).encode(), with_body)
        elif path.startswith(f"/api/models/{name}/tree/"):
            tree = [{"type": "file", "path": file, "size": len(data), "oid": COMMIT} for file, data in files.items()]
            self._send(json.dumps(tree).encode(), with_body)
        elif path.startswith(f"/{name}/resolve/") and (file := path.split("/", 5)[5]) in files:
            self._send(files[file], with_body)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, content, with_body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def hub_with(name, folder):
    """Serve the files of a folder as the model `name`; yield the server, with `address` and the paths `asked` for."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    files = {str(file.relative_to(folder)): file.read_bytes() for file in Path(folder).rglob("*") if file.is_file()}
    server.name, server.files, server.asked = name, files, []
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
