"""The detector that is another server: it is asked over its HTTP API."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from detector.client import Client, Patience
from detector.engines.catalog import ENGINES
from detector.errors import ServerError, SettingsError
from detector.models.assets import Progress
from detector.models.registry import Registry
from detector.offer import Offer
from detector.pictures.decode import read_picture
from detector.pipeline import Result
from detector.results.report import read_report
from detector.results.snippets import parameters
from detector.settings import Config, Limits, Settings

log = logging.getLogger(__name__)

FRESH_S = 300.0  # so long what the server offers is not asked for again
PUBLISHED = Registry().names
PAUSES = 3  # the longest wait for a server that is busy is made of so many


@dataclass(frozen=True, eq=False)
class RemoteRunner:
    """Settings to ask the server with. `names` are the classes of their model."""

    client: Client
    settings: Settings
    names: tuple[str, ...]
    limits: Limits

    def look(self, data: bytes, /) -> Result:
        """There; but what is no picture, or too large for this page, is refused here."""
        read_picture(data, self.limits, enough=1)
        with _plainly():
            answer = self.client.predict(data, "picture", **dict(parameters(self.settings)))
            return read_report(answer, self.names, self.settings)

    def timer(self, data: bytes, /) -> Callable[[], float]:
        """The time is the server's, without the way there and back."""
        return lambda: self.look(data).detect_ms


class RemoteDetector:
    """The server at the client's address, for pictures within the limits.

    Of a public page's models only those are offered that are published, and there already.
    """

    def __init__(
        self,
        client: Client,
        limits: Limits,
        public: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._limits, self._public = client, limits, public
        self._clock = clock
        self._offer: Offer | None = None
        self._asked_at = 0.0

    @classmethod
    def of(cls, config: Config) -> "RemoteDetector":
        """As the settings say: an answer is waited for as long as such a server may take."""
        http, waits = config.http, config.serving.max_wait_s
        patience = Patience(PAUSES + 1, http.max_body_s + http.max_answer_s, longest_pause_s=waits / PAUSES)
        client = Client(config.page.url, config.page.url_key or None, patience)
        return cls(client, config.limits, config.page.public)

    def offer(self) -> Offer:
        """Asked for once in a while. Raises ServerError, SettingsError or BusyError."""
        offer, now = self._offer, self._clock()
        if offer is None or now > self._asked_at + FRESH_S:
            self._asked_at = now  # other visitors go on with what is known
            with _plainly():
                self._offer = offer = _read_offer(self._client, self._public)
        return offer

    def open(self, settings: Settings, progress: Progress, /) -> RemoteRunner:
        """At once: the server loads what it needs when it is asked."""
        return RemoteRunner(self._client, settings, self.offer().models[settings.model], self._limits)


def _read_offer(client: Client, public: bool) -> Offer:
    """What GET /models says; engines that this page knows nothing of are left out."""
    try:
        told = client.models()
    except SettingsError as error:  # nothing was set in this request but the address and the key
        raise SettingsError(f"DETECTOR_URL or DETECTOR_URL_KEY is not right: {error}") from error
    try:
        return _offer(told, public)
    except (KeyError, TypeError, ValueError) as error:
        raise ServerError(f"GET /models did not say what models there are: {error!r}") from error


def _offer(told: Any, public: bool) -> Offer:
    models = {
        str(model["name"]): tuple(map(str, model["classes"]))
        for model in told["models"]
        if not public
        or model["name"] == told["default_model"]
        or (model["here"] and model["name"] in PUBLISHED)
    }
    engines = {entry.name: "" for entry in ENGINES if entry.name in told["engines"]}
    offer = Offer(models, engines, told["default_model"], told["default_engine"])
    if offer.model not in models or offer.engine not in engines:
        raise ValueError("its default is not among them")
    return offer


@contextmanager
def _plainly() -> Iterator[None]:
    """The server's address, and why it cannot be asked, are for the log and no visitor's concern."""
    try:
        yield
    except ServerError as error:
        log.error("%s", error)
        raise ServerError(
            "the detector behind this page cannot be asked just now; try again in some seconds"
        ) from error
