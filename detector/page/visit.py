"""What is kept for one visitor while the visit lasts: pictures for the screen and what was found in them."""

import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from statistics import median

import streamlit as st

import detector
from detector.errors import ImageError
from detector.models.assets import ignore_progress
from detector.offer import Runner
from detector.page.bring import Brought
from detector.page.choose import at_floor
from detector.page.progress import turn
from detector.page.words import data_url
from detector.pictures.encode import encode, shrink
from detector.pipeline import Result
from detector.service import Service
from detector.settings import Settings
from detector.values import Detections, Picture

SCREEN_WIDTH = 1460  # the widest picture that Streamlit passes on as it is
THUMBNAIL_WIDTH = 96
ROUNDS = 3
SHOW_AFTER_S = 0.7  # of many pictures, those that are done by then are shown before the next are looked at
MOST_RESULTS, MOST_SCREEN_BYTES = 400, 64_000_000


@dataclass(frozen=True, eq=False)
class Seen:
    """All that was found over the floor in one picture; or why it was not read."""

    brought: Brought
    result: Result | None = None
    error: str = ""

    @property
    def found(self) -> Detections | None:
        """None where nobody has looked yet, or it was not read."""
        return self.result.detections if self.result else None

    @property
    def waits(self) -> bool:
        """Nobody has looked at it yet."""
        return self.result is None and not self.error


@dataclass
class Visit:
    """Bounded, and gone with the visitor's session."""

    service: Service
    stopped: bool = False
    results: OrderedDict[tuple[str, Settings], Seen] = field(default_factory=OrderedDict)
    met: set[str] = field(default_factory=set)  # pictures of this visit, where their number is limited
    screens: OrderedDict[str, Picture] = field(default_factory=OrderedDict)
    thumbnails: OrderedDict[str, str] = field(default_factory=OrderedDict)
    races: OrderedDict[tuple[str, Settings, Settings], tuple[float, float]] = field(
        default_factory=OrderedDict
    )

    @classmethod
    def current(cls, service: Service) -> "Visit":
        """This visitor's."""
        visit: Visit = st.session_state.setdefault("visit", cls(service))
        return visit

    def admit(self, pictures: Sequence[Brought]) -> list[Brought]:
        """Those that this visit has brought before, and as many others as it still may."""
        most, admitted = self.service.config.page.max_pictures_per_visit, []
        for one in pictures:
            if most and one.key not in self.met:
                if len(self.met) >= most:
                    continue
                self.met.add(one.key)
            admitted.append(one)
        return admitted

    def read(self, brought: Brought, enough: int | None = None) -> Picture:
        """The picture in full size, or no smaller than `enough`; made anew each time."""
        return detector.read_picture(brought.data, self.service.config.limits, enough)

    def screen(self, brought: Brought) -> Picture:
        """The picture no wider than a screen; the full size is made again when it is downloaded."""
        if brought.key not in self.screens:
            self.screens[brought.key] = shrink(self.read(brought, SCREEN_WIDTH), SCREEN_WIDTH)
            # A tall picture has many pixels however narrow it is; the one that is asked for stays.
            while len(self.screens) > 1 and _bytes(self.screens.values()) > MOST_SCREEN_BYTES:
                self.screens.popitem(last=False)
        return self.screens[brought.key]

    def thumbnail(self, brought: Brought) -> str:
        """A small copy as a data URL."""
        if brought.key not in self.thumbnails:
            jpeg = encode(shrink(self.screen(brought), THUMBNAIL_WIDTH), ".jpg")
            _keep(self.thumbnails, brought.key, data_url(jpeg), MOST_RESULTS)
        return self.thumbnails[brought.key]

    def seen(self, brought: Brought, settings: Settings) -> Seen:
        """What is known of one picture, whatever is filtered or shown of it later."""
        known = self.results.get((brought.key, at_floor(settings)))
        return replace(known, brought=brought) if known else Seen(brought)

    def waits(self, pictures: Sequence[Brought], settings: Settings) -> bool:
        """Whether nobody has looked at one of them yet with these settings."""
        return any(self.seen(one, settings).waits for one in pictures)

    def look(self, pictures: Sequence[Brought], runners: Sequence[Runner]) -> int:
        """Look at those that wait, one at least and more while it takes no longer than a blink.

        The runners' settings are at the floor. Gives how many wait still. Once stopped, only the first is looked at.
        Raises DetectorError.
        """
        end = time.monotonic() + SHOW_AFTER_S
        left = [
            (one, runner) for one in pictures for runner in runners if self.seen(one, runner.settings).waits
        ]
        done = 0
        for one, runner in left:
            if one is not pictures[0] and (self.stopped or (done and time.monotonic() > end)):
                break
            self._look_at(one, runner)
            done += 1
        return len({one.key for one, _ in left[done:]})

    def race(self, brought: Brought, first: Settings, second: Settings) -> tuple[float, float]:
        """Milliseconds of two on this picture: medians of three rounds in turn, both having run before."""
        both = at_floor(first), at_floor(second)
        key = brought.key, *both
        if key not in self.races:
            runners = [self.service.detector.open(settings, ignore_progress) for settings in both]
            with self._turn():
                timers = [runner.timer(brought.data) for runner in runners]
                rounds = [[timer() for timer in timers] for _ in range(ROUNDS)]
            medians = tuple(median(times) for times in zip(*rounds, strict=True))
            _keep(self.races, key, medians, MOST_RESULTS)
        return self.races[key]

    def _look_at(self, brought: Brought, runner: Runner) -> None:
        """Detect, once; a file that cannot be read is told of in its place."""
        try:
            with self._turn():
                seen = Seen(brought, runner.look(brought.data))
        except ImageError as error:
            seen = Seen(brought, error=str(error))
        _keep(self.results, (brought.key, runner.settings), seen, MOST_RESULTS)

    def _turn(self) -> AbstractContextManager[None]:
        return turn(self.service.gate, self.service.config.serving.max_wait_s)


def _bytes(pictures: Iterable[Picture]) -> int:
    return sum(picture.pixels.nbytes for picture in pictures)


def _keep(kept: OrderedDict, key: object, value: object, most: int) -> None:  # type: ignore[type-arg]
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
