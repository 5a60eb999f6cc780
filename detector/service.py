"""What one process shares between everybody whom it serves: its setup, the loaded engines, and the way in."""

import ctypes
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from detector.gate import Gate
from detector.models.registry import Registry
from detector.models.store import Store
from detector.pool import EnginePool
from detector.settings import Config


@dataclass(frozen=True, eq=False)
class Service:
    """Shared by the page's visitors and the requests over HTTP, so that no model is loaded twice."""

    config: Config
    pool: EnginePool
    gate: Gate


@cache
def service(config: Config) -> Service:
    """The one of this process for that setup. Raises DetectorError where a folder of models cannot be used."""
    _give_memory_back()
    store = Store.open(config.home)
    registry = Registry().with_folders(*config.model_folders)
    serving = config.serving
    cores = max(2, os.cpu_count() or 1)  # at least two: the second decodes while the first computes
    running = serving.max_running or cores
    return Service(config, EnginePool(store, registry), Gate(running, serving.max_waiting))


def _give_memory_back() -> None:
    """Have what is larger than a megabyte, such as a picture, leave the process when it is let go.

    Left to itself glibc raises that bound to 32 MB with the first large picture; then what thirty visitors had held
    stayed with the process after they had left (measured: 857 MB, and 465 with this).
    """
    with suppress(AttributeError, OSError):  # another C library has no such setting
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)


_M_MMAP_THRESHOLD = -3  # in malloc.h
