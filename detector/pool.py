"""Loaded engines, kept for everybody in this process and shared between threads."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import numpy as np

from detector.engines.base import Engine
from detector.errors import DetectorError
from detector.models.assets import Progress, ignore_progress
from detector.models.registry import Registry
from detector.models.store import Store
from detector.pipeline import detect, load
from detector.settings import Precision, Settings
from detector.stopwatch import Stopwatch
from detector.values import Detections, Picture

Key = tuple[str, str, int | None, int, Precision]  # what an engine is loaded for

GREY = Picture(np.full((32, 32, 3), 128, dtype=np.uint8))  # to try an engine with


def _key(settings: Settings) -> Key:
    return settings.model, settings.engine, settings.side, settings.threads, settings.precision


@dataclass
class _Place:
    lock: Lock = field(default_factory=Lock)
    engine: Engine | None = None


@dataclass(frozen=True, eq=False)
class _Watched:
    """An engine that is given up once its framework has failed: who comes next gets it loaded anew."""

    engine: Engine
    give_up: Callable[[], object]

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def input_wh(self) -> tuple[int, int]:
        return self.engine.input_wh

    def detect(self, picture: Picture, settings: Settings, /, watch: Stopwatch | None = None) -> Detections:
        try:
            return self.engine.detect(picture, settings, watch)
        except DetectorError:
            raise
        except Exception:
            self.give_up()
            raise


class EnginePool:
    """Up to `most` engines, the longest unused given up first; each is loaded once, however many ask at once."""

    def __init__(self, store: Store, registry: Registry | None = None, most: int = 4) -> None:
        self.store, self.registry = store, registry or Registry()
        self.loads = 0  # engines loaded so far
        self._most, self._lock = most, Lock()
        self._places: OrderedDict[Key, _Place] = OrderedDict()

    def get(self, settings: Settings, progress: Progress = ignore_progress) -> Engine:
        """The engine for the settings' model, engine, side, threads and precision, loaded now if need be.

        Weights are fetched where they are missing. Raises DetectorError; the next call then tries again.
        """
        key = _key(settings)
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
        with place.lock:
            if place.engine is None:
                engine = load(settings, self.store, self.registry, progress)
                detect(GREY, engine, Settings())  # what the first inference sets up is not a visitor's wait
                place.engine = _Watched(engine, partial(self._give_up, key, place))
                self._count_and_give_up_oldest()
            return place.engine

    def has(self, settings: Settings) -> bool:
        """Whether `get` would give the engine at once."""
        place = self._places.get(_key(settings))
        return place is not None and place.engine is not None

    def _give_up(self, key: Key, place: _Place) -> None:
        """Unless another has taken its place already."""
        with self._lock:
            if self._places.get(key) is place:
                del self._places[key]

    def _count_and_give_up_oldest(self) -> None:
        """Only loaded engines count, and only a new one pushes others out: a failure costs nobody theirs."""
        with self._lock:
            self.loads += 1
            loaded = [key for key, place in self._places.items() if place.engine is not None]
            for key in loaded[: max(0, len(loaded) - self._most)]:
                del self._places[key]
