"""Result -> the JSON that every shell gives."""

from typing import Any

import detector
from detector.pipeline import Result


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
        "detections": [
            {
                "label": label,
                "class_id": class_id,
                "score": score,
                "box": dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)),
            }
            for label, class_id, score, box in zip(
                found.labels,
                found.class_ids.tolist(),
                found.scores.tolist(),
                found.boxes.tolist(),
                strict=True,
            )
        ],
        "counts": found.counts(),
        "time_ms": {
            stage: round(ms, 2) for stage, ms in (*result.time_ms.items(), ("detect", result.detect_ms))
        },
        "notes": list(result.notes),
        "version": detector.__version__,
    }
