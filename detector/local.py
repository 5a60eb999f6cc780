"""The detector that is this process: its engines, and its registry of models."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from detector.engines.base import Engine
from detector.engines.catalog import ENGINES
from detector.errors import ModelError
from detector.models.assets import Progress
from detector.offer import Offer
from detector.pipeline import Result, detect, detect_in, read_for
from detector.pool import EnginePool
from detector.settings import Limits, Settings


@dataclass(frozen=True, eq=False)
class LocalRunner:
    """A loaded engine and the settings to run it with."""

    engine: Engine
    settings: Settings
    limits: Limits

    def look(self, data: bytes, /) -> Result:
        """Here and now."""
        return detect_in(data, self.engine, self.settings, self.limits)

    def timer(self, data: bytes, /) -> Callable[[], float]:
        """The picture is decoded once."""
        picture = read_for(self.engine, data, self.limits)
        return lambda: detect(picture, self.engine, self.settings).detect_ms


@dataclass(frozen=True, eq=False)
class LocalDetector:
    """Engines of the pool, for pictures within the limits. `default` are the settings that this process starts from."""

    pool: EnginePool
    limits: Limits
    default: Settings

    def offer(self) -> Offer:
        """The registry's models, but those whose files are broken, and the engines that are installed."""
        models = {}
        for model in self.pool.registry.models:
            with suppress(ModelError):
                models[model.name] = model.class_names
        return Offer(models, self._engines, self.default.model, self.default.engine)

    def open(self, settings: Settings, progress: Progress, /) -> LocalRunner:
        """With the engine loaded, and the weights fetched, where they were not."""
        return LocalRunner(self.pool.get(settings, progress), settings, self.limits)

    @cached_property  # looking through what is installed takes a while
    def _engines(self) -> Mapping[str, str]:
        return {entry.name: entry.version() for entry in ENGINES if entry.problem() is None}
