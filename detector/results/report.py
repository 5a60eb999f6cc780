"""Result -> the JSON that every shell gives, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import detector
from detector.errors import ServerError
from detector.pipeline import Result
from detector.settings import Settings
from detector.values import Detections

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_NO_STAGES = ("wait", "draw", "detect", "total")  # times that are no stage of a result


def report(result: Result, image_name: str) -> dict[str, Any]:
    """JSON-ready: label, score and box named as in Hugging Face's object-detection responses.

    Boxes are in pixels of the picture as shown (upright), origin at its top left corner. "detect" is the time of all
    stages but decoding.
    """
    found, settings = result.detections, result.settings
    width, height = found.size_wh
    return {
        "model": settings.model,
        "engine": settings.engine,
        "image": {"name": image_name, "width": width, "height": height},
        "detections": named(found),
        "counts": found.counts(),
        "time_ms": {
            stage: round(ms, 2) for stage, ms in (*result.time_ms.items(), ("detect", result.detect_ms))
        },
        "notes": list(result.notes),
        "version": detector.__version__,
    }


def named(found: Detections) -> list[dict[str, Any]]:
    """Label, class_id, score and box of each detection by name; the box again by its corners."""
    columns = (found.labels, found.class_ids.tolist(), found.scores.tolist(), found.boxes.tolist())
    return [
        {"label": label, "class_id": class_id, "score": score, "box": dict(zip(_CORNERS, box, strict=True))}
        for label, class_id, score, box in zip(*columns, strict=True)
    ]


def read_report(told: Any, names: tuple[str, ...], settings: Settings) -> Result:
    """The result that a report tells of, to the last bit; its times are rounded.

    names: the classes of the model. Raises ServerError where it is no report, or of another model.
    """
    try:
        stages = {stage: float(ms) for stage, ms in told["time_ms"].items() if stage not in _NO_STAGES}
        return Result(_detections(told, names), settings, stages, tuple(map(str, told["notes"])))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ServerError(
            f"an answer is none of the detector's API ({error!r}); is it the same version?"
        ) from error


def _detections(told: Mapping[str, Any], names: tuple[str, ...]) -> Detections:
    ones = told["detections"]
    boxes = np.array([[one["box"][corner] for corner in _CORNERS] for one in ones], dtype=np.float32)
    found = Detections(
        boxes.reshape(-1, 4),
        np.array([one["score"] for one in ones], dtype=np.float32),
        np.array([one["class_id"] for one in ones], dtype=np.int64),
        names,
        (int(told["image"]["width"]), int(told["image"]["height"])),
    )
    if found.labels != tuple(one["label"] for one in ones):
        raise ValueError("it has other classes")
    return found
