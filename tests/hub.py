"""A stand-in for the Hugging Face hub on this machine: as much of its protocol as fetching a repository takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "0" * 40


@contextmanager
def serving(repositories: Mapping[str, Mapping[str, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """{repository: {path: content}} -> the address that serves it, and the paths of files handed out so far."""
    given: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(repositories, given))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", given
    finally:
        server.shutdown()
        server.server_close()


def _handler(repositories: Mapping[str, Mapping[str, bytes]], given: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0].lstrip("/")
            for name, files in repositories.items():
                if path.startswith(f"api/models/{name}"):
                    return self.say(json.dumps(described(name, files, path)).encode(), body, "application/json")
                file = path.removeprefix(f"{name}/resolve/").partition("/")[2]
                if path.startswith(f"{name}/resolve/") and file in files:
                    given.extend([file] * body)
                    return self.say(files[file], body, "application/octet-stream")
            self.send_error(404)

        def say(self, content: bytes, body: bool, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def described(name: str, files: Mapping[str, bytes], path: str) -> object:
    """What the hub says of a repository, or of its files."""
    if "/tree/" in path:
        return [
            {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for file, content in files.items()
        ]
    return {"id": name, "modelId": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
