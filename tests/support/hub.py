"""A server with the part of the Hugging Face Hub's interface that a download and an upload need, for one model."""

import base64
import contextlib
import hashlib
import http.server
import json
import threading
from functools import partial
from pathlib import Path

COMMIT = "a" * 40
TOKEN = "hf_loopback"  # that may write


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer(with_body=True)

    def do_HEAD(self):
        self._answer(with_body=False)

    def do_POST(self):
        name = self.server.name
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401, "GatedRepo")
        elif self.path == "/api/repos/create":
            self._send(json.dumps({"url": f"{self.server.address}/{name}", "name": name}).encode(), True)
        elif self.path == "/api/validate-yaml":
            self._send(b'{"errors": [], "warnings": []}', True)
        elif self.path.startswith(f"/api/models/{name}/preupload/"):
            modes = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(content)["files"]
            ]
            self._send(json.dumps({"files": modes}).encode(), True)
        elif self.path.startswith(f"/api/models/{name}/commit/"):
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            address = f"{self.server.address}/{name}/commit/{COMMIT}"
            self._send(json.dumps({"commitUrl": address, "commitOid": COMMIT}).encode(), True)
        else:
            self._refuse(404, "RepoNotFound")

    def _refuse(self, status, code):
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        body = json.dumps({"error": code}).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _answer(self, *, with_body):
        path = self.path.partition("?")[0]
        name, files = self.server.name, self.server.files
        self.server.asked.append(path)
        if path == f"/api/models/{name}" or path.startswith(f"/api/models/{name}/revision/"):
            listing = [{"rfilename": file, "size": len(data)} for file, data in files.items()]
            info = {"id": name, "sha": COMMIT, "siblings": listing, "private": self.server.private}
            self._send(json.dumps(info).encode(), with_body)
        elif path.startswith(f"/api/models/{name}/tree/"):
            tree = [{"type": "file", "path": file, "size": len(data), "oid": COMMIT} for file, data in files.items()]
            self._send(json.dumps(tree).encode(), with_body)
        elif path.startswith(f"/{name}/resolve/") and (file := path.split("/", 5)[5]) in files:
            self._send(files[file], with_body)
        else:
            self._refuse(404, "RepoNotFound")

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
    server.name, server.files, server.asked, server.private = name, files, [], False
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def talk_to(server, monkeypatch, cache):
    """Let this process talk to a server of `hub_with` in place of the Hub, with a cache of its own."""
    import huggingface_hub
    from huggingface_hub import constants

    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    download = partial(huggingface_hub.snapshot_download, cache_dir=cache)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
