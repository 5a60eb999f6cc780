"""What looks at pictures for the page, wherever it runs: what it offers, and what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from detector.models.assets import Progress
from detector.pipeline import Result
from detector.settings import Settings


@dataclass(frozen=True)
class Offer:
    """What may be asked for.

    models: the classes that each knows, by name. engines: the version of each, "" where it is not told.
    model, engine: taken where something else is asked for.
    """

    models: Mapping[str, tuple[str, ...]]
    engines: Mapping[str, str]
    model: str
    engine: str

    def nearest(self, settings: Settings) -> Settings:
        """The same settings where their model and engine are offered; the ones of the offer where they are not."""
        return replace(
            settings,
            model=settings.model if settings.model in self.models else self.model,
            engine=settings.engine if settings.engine in self.engines else self.engine,
        )


class Runner(Protocol):
    """One setting, ready to run."""

    @property
    def settings(self) -> Settings: ...

    def look(self, data: bytes, /) -> Result:
        """What is in a picture file. Raises ImageError where it is none, or another DetectorError."""

    def timer(self, data: bytes, /) -> Callable[[], float]:
        """A function that looks at the picture anew, and gives the milliseconds of all stages but decoding."""


class Detector(Protocol):
    """This process, or another server."""

    def offer(self) -> Offer:
        """What may be asked for now. Raises DetectorError."""

    def open(self, settings: Settings, progress: Progress, /) -> Runner:
        """The settings ready to run, whatever must be fetched and loaded for them. Raises DetectorError."""
