"""Detections -> the rows of a table for people."""

from detector.values import Detections

COLUMNS = ("#", "label", "confidence", "left", "top", "right", "bottom")


def table(found: Detections) -> list[dict[str, int | float | str]]:
    """A row for each detection: its number from 1, class name, score, and box in whole pixels."""
    return [
        dict(zip(COLUMNS, (number, label, score, *(round(value) for value in box)), strict=True))
        for number, (label, score, box) in enumerate(
            zip(found.labels, found.scores.tolist(), found.boxes.tolist(), strict=True), start=1
        )
    ]
