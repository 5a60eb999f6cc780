"""Detections -> the rows of a table for people."""

from detector.values import Detections

COLUMNS = ("#", "label", "confidence", "box")


def table(found: Detections) -> list[dict[str, int | float | str]]:
    """A row for each detection: its number from 1, class name, score, and box.

    The box is "x1, y1, x2, y2" in whole pixels of the picture, from its top left corner.
    """
    return [
        {
            "#": number,
            "label": label,
            "confidence": score,
            "box": ", ".join(str(round(value)) for value in box),
        }
        for number, (label, score, box) in enumerate(
            zip(found.labels, found.scores.tolist(), found.boxes.tolist(), strict=True), start=1
        )
    ]
