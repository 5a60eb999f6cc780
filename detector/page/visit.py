"""What is kept for one visitor while the visit lasts: pictures for the screen and what was found in them."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from statistics import median

import streamlit as st

import detector
from detector.engines.base import Engine
from detector.errors import ImageError
from detector.page.bring import Brought
from detector.page.choose import FLOOR
from detector.page.words import counted, data_url
from detector.pictures.encode import encode, shrink
from detector.settings import Limits, Settings
from detector.values import Detections, Picture

SCREEN_WIDTH = 1460  # the widest picture that Streamlit passes on as it is
THUMBNAIL_WIDTH = 96
ROUNDS = 3
Runner = tuple[Engine, Settings]
MOST_RESULTS, MOST_SCREENS = 400, 12


@dataclass(frozen=True, eq=False)
class Seen:
    """All that was found over the floor in one picture, and the milliseconds it took; or why it was not read."""

    brought: Brought
    found: Detections | None
    detect_ms: float = 0.0
    error: str = ""


@dataclass
class Visit:
    """Bounded, and gone with the visitor's session."""

    results: OrderedDict[tuple[str, Settings], Seen] = field(default_factory=OrderedDict)
    screens: OrderedDict[str, Picture] = field(default_factory=OrderedDict)
    thumbnails: OrderedDict[str, str] = field(default_factory=OrderedDict)
    races: OrderedDict[tuple[str, Settings, Settings], tuple[float, float]] = field(
        default_factory=OrderedDict
    )

    @classmethod
    def current(cls) -> "Visit":
        """This visitor's."""
        visit: Visit = st.session_state.setdefault("visit", cls())
        return visit

    def screen(self, brought: Brought, limits: Limits) -> Picture:
        """The picture no wider than a screen; the full size is made again when it is downloaded."""
        if brought.key not in self.screens:
            picture = shrink(detector.read_picture(brought.data, limits), SCREEN_WIDTH)
            _keep(self.screens, brought.key, picture, MOST_SCREENS)
        return self.screens[brought.key]

    def thumbnail(self, brought: Brought, limits: Limits) -> str:
        """A small copy as a data URL."""
        if brought.key not in self.thumbnails:
            jpeg = encode(shrink(self.screen(brought, limits), THUMBNAIL_WIDTH), ".jpg")
            _keep(self.thumbnails, brought.key, data_url(jpeg), MOST_RESULTS)
        return self.thumbnails[brought.key]

    def see(self, brought: Brought, engine: Engine, settings: Settings, limits: Limits) -> Seen:
        """What is in one picture; detected once, whatever is filtered or shown of it later."""
        low = replace(settings, confidence=FLOOR)
        key = brought.key, low
        if key not in self.results:
            _keep(self.results, key, _look(brought, engine, low, limits), MOST_RESULTS)
        return replace(self.results[key], brought=brought)

    def race(self, brought: Brought, runners: tuple[Runner, Runner], limits: Limits) -> tuple[float, float]:
        """Milliseconds of each on this picture: medians of three rounds in turn, both having run before."""
        key = brought.key, runners[0][1], runners[1][1]
        if key not in self.races:
            picture = detector.read_picture(brought.data, limits)
            rounds = [
                [detector.detect(picture, *runner).detect_ms for runner in runners] for _ in range(ROUNDS)
            ]
            first, second = (median(times) for times in zip(*rounds, strict=True))
            _keep(self.races, key, (first, second), MOST_RESULTS)
        return self.races[key]

    def see_all(
        self, pictures: list[Brought], engine: Engine, settings: Settings, limits: Limits
    ) -> list[Seen]:
        """What is in each, with progress picture by picture; a bad one spoils no other."""
        seen, bar = [], st.empty()
        for number, brought in enumerate(pictures, start=1):
            if (brought.key, replace(settings, confidence=FLOOR)) not in self.results and len(pictures) > 1:
                bar.progress(number / len(pictures), f"{number} of {counted(len(pictures), 'picture')}")
            seen.append(self.see(brought, engine, settings, limits))
        bar.empty()
        return seen


def _look(brought: Brought, engine: Engine, settings: Settings, limits: Limits) -> Seen:
    try:
        picture = detector.read_picture(brought.data, limits)
    except ImageError as error:
        return Seen(brought, None, error=str(error))
    result = detector.detect(picture, engine, settings)
    return Seen(brought, result.detections, result.detect_ms)


def _keep(kept: OrderedDict, key: object, value: object, most: int) -> None:  # type: ignore[type-arg]
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
