"""Real servers on free ports, in a thread of the test's own process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from starlette.types import ASGIApp

from detector.engines.base import Engine
from detector.models.assets import Progress, ignore_progress
from detector.models.store import Store
from detector.pool import EnginePool
from detector.server import server
from detector.settings import Http, Settings
from detector.stopwatch import Stopwatch
from detector.values import Detections, Picture


@contextmanager
def running(app: ASGIApp, http: Http | None = None) -> Iterator[str]:
    """The address of a server that runs `app` until the block ends."""
    one = server(app, "127.0.0.1", 0, http or Http())
    one.config.log_level = "critical"
    one.config.configure_logging()
    thread = Thread(target=one.run)
    thread.start()
    try:
        until(lambda: one.started or not thread.is_alive())
        yield f"http://127.0.0.1:{one.servers[0].sockets[0].getsockname()[1]}"
    finally:
        one.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def until(done: Any, seconds: float = 20) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


class HeldEngine:
    """Finds nothing, and not before it is let go."""

    name, input_wh = "held", (96, 64)

    def __init__(self) -> None:
        self.go, self.calls = Event(), 0

    def detect(self, picture: Picture, settings: Settings, /, watch: Stopwatch | None = None) -> Detections:
        self.calls += 1
        assert self.go.wait(20)
        nothing = np.zeros((0, 4), dtype=np.float32)
        return Detections(nothing, nothing[:, 0], np.zeros(0, dtype=np.int64), ("person",), picture.size_wh)


class HeldPool(EnginePool):
    """Gives one engine for everything, so that nothing is fetched or loaded."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(Store(Path("nowhere")))
        self.engine = engine

    def get(self, settings: Settings, progress: Progress = ignore_progress) -> Engine:
        return self.engine
