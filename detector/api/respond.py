"""Results -> answers: JSON, or a JPEG with what was found in its headers."""

import json
from typing import Any

from fastapi.responses import Response

from detector.pipeline import Result
from detector.results.agreement import compare, rows
from detector.results.report import report

COUNTS_HEADER = "X-Detection-Counts"
TIMING_HEADER = "Server-Timing"
_JSON, _IMAGE = ("application/json", "application/*"), ("image/jpeg", "image/*")


def wants_json(asked: str | None, accept: str) -> bool:
    """The parameter `format` decides, then the header Accept; an image where neither prefers JSON."""
    return asked == "json" if asked else _quality(accept, _JSON) > _quality(accept, _IMAGE)


def _quality(accept: str, kinds: tuple[str, ...]) -> float:
    """How much an Accept header wants one of these media types, 0 to 1 (RFC 9110, 12.5.1)."""
    best = 0.0
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if kind in kinds:
            weights = [text[2:] for text in parameters if text.startswith("q=")]
            best = max(best, _number(weights[0]) if weights else 1.0)
    return best


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def report_answer(result: Result, name: str, time_ms: dict[str, float]) -> dict[str, Any]:
    """What every shell reports, with the time of each stage here."""
    return report(result, name) | {"time_ms": time_ms}


def image_answer(jpeg: bytes, result: Result, time_ms: dict[str, float]) -> Response:
    """The annotated picture; its headers say how many of each class it shows, and the time of each stage."""
    timing = ", ".join(f"{stage};dur={ms}" for stage, ms in time_ms.items())
    headers = {COUNTS_HEADER: json.dumps(result.detections.counts()), TIMING_HEADER: timing}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def comparison_answer(
    a: Result, b: Result, name: str, iou: float, time_ms: dict[str, float]
) -> dict[str, Any]:
    """Both reports, and where they agree."""
    agreement = compare(a.detections, b.detections, iou)
    things = rows(agreement, a.detections, b.detections)
    return {
        "a": report(a, name),
        "b": report(b, name),
        "agreement": {
            "rate": agreement.rate,
            "counts": agreement.counts,
            "rows": [{_KEYS[key]: row[key] for key in _KEYS} for row in things],
        },
        "time_ms": time_ms,
    }


# The table's columns for people -> keys for programs.
_KEYS = {
    "who": "who",
    "label A": "label_a",
    "label B": "label_b",
    "score A": "score_a",
    "score B": "score_b",
    "IoU": "iou",
}
