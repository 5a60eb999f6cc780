"""Servers as a user starts them: processes of their own, on free ports."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

_START_S = 60


@dataclass(frozen=True, eq=False)
class Served:
    """Its address, its process, and what it has said."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def rss_mb(self) -> float:
        """Resident memory now."""
        return int(self._proc("status").partition("VmRSS:")[2].split()[0]) / 1024

    def threads(self) -> int:
        """How many it has now."""
        return int(self._proc("status").partition("Threads:")[2].split()[0])

    def open_files(self) -> int:
        """File descriptors, sockets among them."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()


@contextmanager
def page_served(log: Path, environment: Mapping[str, str], *options: str) -> Iterator[Served]:
    """The page alone, by the README's own command, with more in its environment."""
    port = free_port()
    where = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command = ["streamlit", "run", "streamlit_app.py", *where, *options]
    with started(command, port, "/_stcore/health", log, environment) as one:
        yield one


@contextmanager
def served(
    log: Path, environment: Mapping[str, str], *options: str, port: int | None = None
) -> Iterator[Served]:
    """`detector serve` with these options, once it is ready."""
    port = port or free_port()
    path = "/readyz" if "--api-only" in options else "/api/readyz"
    command = ["detector", "serve", "--port", str(port), *options]
    with started(command, port, path, log, environment) as one:
        yield one


@contextmanager
def started(
    module: Sequence[str], port: int, path: str, log: Path, environment: Mapping[str, str]
) -> Iterator[Served]:
    """`python -m` with these words, until it answers at the path; ended with the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    one = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_for(one, path)
        yield one
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(one: Served, path: str) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and one.process.poll() is None:
        try:
            with urllib.request.urlopen(one.url + path, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {one.log.read_text()}")
