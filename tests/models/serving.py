"""A server on this machine, in a thread, that answers as its handler says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from detector.models.sources import WebSource


class Server(ThreadingHTTPServer):
    """Remembers what was asked for; `closing` is set when it ends."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: type["Handler"]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.gets: list[str] = []
        self.closing = threading.Event()

    def source(self, path: str) -> WebSource:
        """The file under that path."""
        return WebSource(f"http://127.0.0.1:{self.server_port}/{path}")

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of these tests."""


class Handler(BaseHTTPRequestHandler):
    """Hands the path asked for to `answer`."""

    server: Server

    def do_GET(self) -> None:
        kind = self.path.removeprefix("/")
        self.server.gets.append(kind)
        self.answer(kind)

    def answer(self, kind: str) -> None:
        raise NotImplementedError

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def serving(handler: type[Handler]) -> Iterator[Server]:
    """The server, until the block ends."""
    with Server(handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
