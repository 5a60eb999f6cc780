"""What one process shares between everybody whom it serves: its setup, the loaded engines, and the way in."""

import os
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
    store = Store.open(config.home)
    registry = Registry().with_folders(*config.model_folders)
    serving = config.serving
    cores = max(2, os.cpu_count() or 1)  # at least two: the second decodes while the first computes
    running = serving.max_running or cores
    return Service(config, EnginePool(store, registry), Gate(running, serving.max_waiting))
