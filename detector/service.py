"""What one process shares between everybody whom it serves: its setup, the loaded engines, and the way in."""

import ctypes
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property

from detector.errors import DetectorError
from detector.gate import Gate
from detector.local import LocalDetector
from detector.machine import Machine
from detector.models.registry import Registry
from detector.models.store import Store
from detector.offer import Detector
from detector.pool import EnginePool
from detector.settings import Config

WAITING_FOR_EACH_CORE = 8  # pictures at once, where another server has the work with them
_M_MMAP_THRESHOLD = -3  # in malloc.h


@dataclass(frozen=True, eq=False)
class Service:
    """Shared by the page's visitors and the requests over HTTP, so that no model is loaded twice."""

    config: Config
    pool: EnginePool
    gate: Gate

    @cached_property
    def detector(self) -> Detector:
        """What looks at the page's pictures: this process, or the server that DETECTOR_URL names."""
        config = self.config
        if not config.page.url:
            return LocalDetector(self.pool, config.limits, config.settings)
        try:
            from detector.remote import RemoteDetector
        except ModuleNotFoundError as error:
            raise DetectorError(
                f"DETECTOR_URL needs {error.name}; pip install 'object-detector[client]'"
            ) from error
        return RemoteDetector.of(config)


@cache
def service(config: Config) -> Service:
    """The one of this process for that setup. Raises DetectorError where a folder of models cannot be used."""
    _give_memory_back()
    store = Store.open(config.home)
    registry = _offered(config, store).with_folders(*config.model_folders)
    serving = config.serving
    running = serving.max_running or _usual_running(config)
    pool = EnginePool(store, registry, serving.max_engines)
    return Service(config, pool, Gate(running, serving.max_waiting))


def _offered(config: Config, store: Store) -> Registry:
    """The published models that the settings name; strangers start no download but of the one that is needed."""
    known = Registry()
    wanted = {known.get(name) for name in config.models or known.names}
    if config.page.public:
        wanted = {model for model in wanted if model.where(store)}
    own = config.settings.model
    return Registry(tuple(model for model in known.models if model in wanted or model.name == own))


def _usual_running(config: Config) -> int:
    cores = Machine.here().cores
    if config.page.url:
        return WAITING_FOR_EACH_CORE * cores
    return max(2, cores)  # at least two: the second decodes while the first computes


def _give_memory_back() -> None:
    """Have what is larger than a megabyte, such as a picture, leave the process when it is let go.

    Left to itself glibc raises that bound to 32 MB with the first large picture; then what thirty visitors had held
    stayed with the process after they had left (measured: 857 MB, and 465 with this).
    """
    with suppress(AttributeError, OSError):  # another C library has no such setting
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)
