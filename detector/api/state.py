"""What one application has for its requests, and the work that they share."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock, Thread
from typing import TypeVar

from fastapi import Request

from detector.api.guard import Clients
from detector.api.keep import Keeper
from detector.api.metrics import Meters
from detector.api.uploads import Held, Upload
from detector.api.work import Steps, Worker
from detector.engines.base import Engine
from detector.errors import (
    DetectorError,
    DownloadError,
    ImageError,
    ModelError,
    UnavailableError,
)
from detector.pipeline import Result, read_and_detect
from detector.service import Service
from detector.settings import Config, Settings
from detector.values import Picture

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Api:
    """Made once for an application; requests find it in its state."""

    service: Service
    worker: Worker
    meters: Meters
    clients: Clients
    held: Held
    keeper: Keeper | None
    starter: "Starter"

    @classmethod
    def of(cls, service: Service) -> "Api":
        """All of it as the service's settings say."""
        serving, http = service.config.serving, service.config.http
        return cls(
            service,
            Worker(service.gate, serving.max_wait_s, http.max_answer_s),
            Meters(service.gate, service.pool),
            Clients(http.max_requests_per_minute),
            Held(http.max_held_bytes),
            Keeper(http.keep_folder, http.max_kept_bytes) if http.keep_folder else None,
            Starter(service),
        )

    @property
    def config(self) -> Config:
        """How the process is set up."""
        return self.service.config

    async def run(
        self, request: Request, work: Callable[[Steps], T], until: float | None = None
    ) -> tuple[T, Steps]:
        """`work` in its turn, by the deadline, and measured. Raises as Worker.run does, and as `work` does."""
        made, steps = await self.worker.run(request, work, until or self.worker.deadline())
        self.meters.worked(steps.ms)
        return made, steps

    def look(self, upload: Upload, settings: Settings, classes: Sequence[str], steps: Steps) -> Result:
        """What of these classes (none: of all) is in the picture. Raises DetectorError, which names the upload."""
        return self.look_and_read(upload, settings, classes, steps)[0]

    def look_and_read(
        self, upload: Upload, settings: Settings, classes: Sequence[str], steps: Steps
    ) -> tuple[Result, Picture]:
        """The same, with the picture as it was decoded."""
        upload.check_name()
        engine = engine_for(self.service, settings)
        steps.go_on()
        try:
            result, picture = read_and_detect(upload.data, engine, settings, self.config.limits)
        except ImageError as error:
            raise type(error)(f"{upload.shown}: {error}") from error
        for stage, ms in (*result.time_ms.items(), ("detect", result.detect_ms)):
            steps.add(stage, ms)
        if self.keeper:
            self.keeper.keep(upload.data)
        shown = replace(result, detections=result.detections.of_classes(classes)) if classes else result
        return shown, picture


def engine_for(service: Service, settings: Settings) -> Engine:
    """The engine. Where its model cannot be had the log says why: the reason has paths that are no client's concern."""
    try:
        return service.pool.get(settings)
    except (DownloadError, ModelError) as error:
        log.error("%s", error)
        raise UnavailableError(
            f"the model {settings.model} cannot be had in {settings.precision} on this server just now;"
            " choose another of GET /models, or another precision, or tell whoever runs it"
        ) from error


class Starter:
    """Loads what the settings name in the background, so that the first visitor does not wait for it."""

    def __init__(self, service: Service) -> None:
        self._service, self._lock = service, Lock()
        self._thread: Thread | None = None
        self._loaded = False

    @property
    def ready(self) -> bool:
        """Whether it has been loaded. What others ask for may have pushed it out since, but it can be had."""
        return self._loaded or self._service.pool.has(self._service.config.settings)

    def begin(self) -> None:
        """Start to load, unless that is done or under way; a failed attempt is made again."""
        with self._lock:
            if self.ready or (self._thread and self._thread.is_alive()):
                return
            # A download must not keep a process from ending.
            self._thread = Thread(target=self._load, name="detector-start", daemon=True)
            self._thread.start()

    def _load(self) -> None:
        try:
            engine_for(self._service, self._service.config.settings)
            self._loaded = True
        except DetectorError as error:
            log.warning("%s", error)
