"""The whole way, in a few lines: what every shell calls."""

import time
from dataclasses import dataclass

from detector.engines.base import Engine
from detector.engines.catalog import open_engine, usable_engine
from detector.models.assets import Progress, ignore_progress
from detector.models.registry import Registry
from detector.models.store import Store
from detector.settings import Settings
from detector.values import Detections, Picture


@dataclass(frozen=True, eq=False)
class Result:
    """What was found in one picture, with what, and how many milliseconds it took."""

    detections: Detections
    settings: Settings
    detect_ms: float


def load(
    settings: Settings,
    store: Store,
    registry: Registry | None = None,
    progress: Progress = ignore_progress,
) -> Engine:
    """The engine that the settings name with their model loaded; weights are fetched where they are missing.

    Reads `model`, `engine`, `side` and `threads` of the settings. Raises DetectorError.
    """
    usable_engine(settings.engine)  # a mistake is told before anything is downloaded
    model = (registry or Registry()).get(settings.model)
    return open_engine(model.files(store, progress), settings)


def detect(picture: Picture, engine: Engine, settings: Settings) -> Result:
    """Detect by the settings' confidence, nms_iou, suppression and fit; boxes are cut at the picture's edge."""
    start = time.perf_counter()
    detections = engine.detect(picture, settings).clipped()
    return Result(detections, settings, 1000 * (time.perf_counter() - start))
