"""Scores -> text for a terminal and JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import detector
from detector.evaluation.scores import ClassScores, Scores, Share
from detector.settings import Settings

ROWS = {
    "mAP@[.5:.95]": "ap",
    "mAP50": "ap50",
    "mAP75": "ap75",
    "recall (AR@100)": "recall",
    "mAP, small": "ap_small",
    "mAP, medium": "ap_medium",
    "mAP, large": "ap_large",
}
_OF_CLASS = ("ap", "ap50", "recall")


@dataclass(frozen=True)
class Evaluated:
    """One way to detect and what it scored. reduced: large JPEGs were decoded only as far as the network uses."""

    settings: Settings
    input_wh: tuple[int, int]
    reduced: bool
    scores: Scores

    @property
    def title(self) -> str:
        """What it is, in a line."""
        own, (width, height) = self.settings, self.input_wh
        decoding = "reduced" if self.reduced else "full"
        return (
            f"{own.model}, {own.engine}, {own.precision}, {width} x {height}, {own.fit},"
            f" {own.suppression} {own.nms_iou}, {decoding} decoding"
        )


def text(ways: Sequence[Evaluated], classes: bool = False) -> str:
    """A table in points (0 to 100): a column a way and, of two, their difference.

    classes: with average precision, at all IoUs and at 0.5, and recall of each class.
    """
    scores = [way.scores for way in ways]
    letters = "AB"[: len(ways)]
    lines = [f"{letter}: {way.title}" for letter, way in zip(letters, ways, strict=True)]
    lines += [
        f"{scores[0].pictures} pictures, {scores[0].objects} objects, {len(scores[0].classes)} classes",
        "",
    ]
    heads = [*letters, *(["B - A"] if len(ways) == 2 else [])]
    lines.append(" " * 26 + "".join(f"{head:>9}" for head in heads))
    lines += [_row(name, [getattr(each, key) for each in scores]) for name, key in ROWS.items()]
    confidences = {each.operating.confidence for each in scores}
    at = f" over {confidences.pop():g}" if len(confidences) == 1 else " at --confidence"
    lines.append(_row(f"precision{at}", [each.operating.precision for each in scores]))
    lines.append(_row(f"recall{at}", [each.operating.recall for each in scores]))
    lines.append(_row("calibration error", [each.calibration_error for each in scores]))
    return "\n".join(lines + (_class_lines(scores) if classes else []))


def as_json(ways: Sequence[Evaluated]) -> dict[str, Any]:
    """Everything, JSON-ready: shares from 0 to 1, `difference` (the second less the first) where there are two."""
    content: dict[str, Any] = {
        "version": detector.__version__,
        "evaluated": [
            {
                "settings": asdict(way.settings),
                "input_wh": list(way.input_wh),
                "decoding": "reduced" if way.reduced else "full",
                "scores": asdict(way.scores),
            }
            for way in ways
        ],
    }
    if len(ways) == 2:
        content["difference"] = _differences(ways[0].scores, ways[1].scores)
    return content


def class_rows(scores: Sequence[Scores]) -> list[tuple[str, list[ClassScores | None]]]:
    """Each class name with its scores in each; None where that one's model has no such class."""
    by_name = [{each.name: each for each in one.classes} for one in scores]
    names = dict.fromkeys(name for known in by_name for name in known)
    return [(name, [known.get(name) for known in by_name]) for name in names]


def _class_lines(scores: Sequence[Scores]) -> list[str]:
    heads = [f"{what} {head}" for what in ("AP", "AP50", "AR") for head in ("A", "B", "B-A")]
    shown = heads if len(scores) == 2 else ["AP", "AP50", "AR"]
    lines = ["", f"{'class':<20}{'objects':>8}" + "".join(f"{head:>9}" for head in shown)]
    for name, each in class_rows(scores):
        objects = next(one.objects for one in each if one)
        cells = [_cells([getattr(one, key) if one else None for one in each]) for key in _OF_CLASS]
        lines.append(f"{name[:19]:<20}{objects:>8}" + "".join(cells))
    return lines


def _row(name: str, values: Sequence[Share]) -> str:
    return f"{name:<26}{_cells(values)}"


def _cells(values: Sequence[Share]) -> str:
    points = [f"{'-' if value is None else format(100 * value, '.1f'):>9}" for value in values]
    difference = _difference(*values) if len(values) == 2 else None
    if len(values) == 2:
        points.append(f"{'-' if difference is None else format(100 * difference, '+.1f'):>9}")
    return "".join(points)


def _differences(a: Scores, b: Scores) -> dict[str, Any]:
    whole = {key: _difference(getattr(a, key), getattr(b, key)) for key in ROWS.values()}
    classes = {
        name: {key: _difference(getattr(one, key), getattr(other, key)) for key in _OF_CLASS}
        for name, (one, other) in class_rows((a, b))
        if one and other
    }
    return {**whole, "classes": classes}


def _difference(a: Share, b: Share) -> Share:
    return None if a is None or b is None else b - a
