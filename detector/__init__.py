"""YOLOv3 and YOLOv3-tiny: find what is in a picture.

import detector
settings = detector.Settings(model="yolov3-tiny", confidence=0.4)
engine = detector.load(settings, detector.Store.open(None))
result = detector.detect_in(Path("fruits.jpg").read_bytes(), engine, settings)
print(result.detections.labels)
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detector.engines.base import Engine
    from detector.errors import DetectorError
    from detector.models.store import Store
    from detector.pictures.decode import read_picture
    from detector.pictures.draw import draw
    from detector.pictures.encode import encode
    from detector.pipeline import Result, detect, detect_in, in_full, load, read_and_detect
    from detector.settings import Config, Limits, Settings
    from detector.values import Detections, Picture

__version__ = "0.1.0"

__all__ = [
    "Config",
    "Detections",
    "DetectorError",
    "Engine",
    "Limits",
    "Picture",
    "Result",
    "Settings",
    "Store",
    "detect",
    "detect_in",
    "draw",
    "encode",
    "in_full",
    "load",
    "read_and_detect",
    "read_picture",
]

# Looked up when first asked for: numpy and OpenCV take longer to import than everything of ours together.
_HOMES = {
    "Config": "settings",
    "DetectorError": "errors",
    "Detections": "values",
    "Engine": "engines.base",
    "Limits": "settings",
    "Picture": "values",
    "Result": "pipeline",
    "Settings": "settings",
    "Store": "models.store",
    "detect": "pipeline",
    "detect_in": "pipeline",
    "draw": "pictures.draw",
    "encode": "pictures.encode",
    "in_full": "pipeline",
    "load": "pipeline",
    "read_and_detect": "pipeline",
    "read_picture": "pictures.decode",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
