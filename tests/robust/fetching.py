"""A server on this machine that lies in every way, and fetches from it in other processes."""

import gzip
import socket
import time
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import numpy as np
import pooch  # noqa: F401  # imported once, before processes are made, and not in each
import requests  # noqa: F401

from detector.errors import DownloadError
from detector.models.assets import Asset
from detector.models.sources import WebSource
from detector.models.store import Store
from tests.models.serving import Handler

NAME = "own.weights"
SIZE = 1_200_003
DATA = np.random.default_rng(11).bytes(SIZE)
GZIP_BOMB = gzip.compress(bytes(200_000_000), 1)

# Processes that have imported all this already, so that a kill hits the fetch and not an import.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.robust.fetching"])


class Liar(Handler):
    """A method for each kind of lie, which may have a number: /closes-30."""

    def answer(self, kind: str) -> None:
        kind, _, number = kind.partition("-")
        getattr(self, f"_{kind}")(int(number or 0))

    def _head(self, *headers: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers or (("Content-Length", str(SIZE)),):
            self.send_header(name, value)
        self.end_headers()

    def _good(self, _: int) -> None:
        self._head()
        self.wfile.write(DATA)

    def _slow(self, milliseconds: int) -> None:
        """All of it, in forty pieces."""
        self._head()
        for start in range(0, SIZE, SIZE // 40):
            self.wfile.write(DATA[start : start + SIZE // 40])
            time.sleep(milliseconds / 40_000)

    def _closes(self, percent: int) -> None:
        self._head()
        self.wfile.write(DATA[: SIZE * percent // 100])

    def _resets(self, percent: int) -> None:
        self._closes(percent)
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()

    def _stalls(self, percent: int) -> None:
        self._closes(percent)
        self.server.closing.wait(20)

    def _silent(self, _: int) -> None:
        self.server.closing.wait(20)

    def _shorter(self, _: int) -> None:
        """It says less than it sends."""
        self._head(("Content-Length", "1000"))
        self.wfile.write(DATA)

    def _huge(self, _: int) -> None:
        self._head(("Content-Length", str(10**13)))
        self.wfile.write(DATA)

    def _length(self, which: int) -> None:
        self._head(("Content-Length", ("words", "-5", "9" * 5000)[which]))
        self.wfile.write(DATA)

    def _round(self, _: int) -> None:
        self._head(("Location", "/round"), ("Content-Length", "0"), status=302)

    def _file(self, _: int) -> None:
        self._head(("Location", "file:///etc/passwd"), ("Content-Length", "0"), status=302)

    def _elsewhere(self, _: int) -> None:
        self._head(("Location", "http://[::bad"), ("Content-Length", "0"), status=302)

    def _status(self, number: int) -> None:
        self.send_error(number)

    def _page(self, _: int) -> None:
        self._head(("Content-Length", "40"), ("Content-Type", "text/html"))
        self.wfile.write(b"<!DOCTYPE html><html>Please sign in</html>"[:40])

    def _wrong(self, _: int) -> None:
        self._head()
        self.wfile.write(DATA[::-1])

    def _bomb(self, _: int) -> None:
        self._head(("Content-Encoding", "gzip"), ("Content-Length", str(len(GZIP_BOMB))))
        self.wfile.write(GZIP_BOMB)

    def _packed(self, _: int) -> None:
        """It says that it is packed, and it is not."""
        self._head(("Content-Encoding", "gzip"), ("Content-Length", str(SIZE)))
        self.wfile.write(DATA)

    def _chunks(self, _: int) -> None:
        self._head(("Transfer-Encoding", "chunked"))
        self.wfile.write(b"5\r\n12345\r\nzz\r\n" + DATA)

    def _noise(self, _: int) -> None:
        self.wfile.write(DATA)

    def _headers(self, _: int) -> None:
        self._head(*((f"X-{n}", "x" * 100) for n in range(2000)))


def asset(*sources: WebSource) -> Asset:
    """The file that all this is about."""
    return Asset(NAME, SIZE, sha256(DATA).hexdigest(), sources)


def fetch(store: Store, wanted: Asset, barrier: Barrier) -> None:
    """For another process: exit code 0 where the right file came, 3 for an error with a name."""
    barrier.wait(60)
    try:
        path = store.fetch(wanted)
    except DownloadError:
        raise SystemExit(3) from None
    raise SystemExit(0 if path.read_bytes() == DATA else 4)
