"""YOLO's labels: beside each picture a text file with a line for each object."""

import math
from collections.abc import Sequence
from pathlib import Path

from detector.errors import DetectorError
from detector.evaluation.truth import Example, example


def read_yolo(pictures: Sequence[Path], labels: Sequence[Path], names: Sequence[str]) -> list[Example]:
    """An Example for each picture; a label file that is missing says that nothing is in it.

    labels: the label file of each picture. Raises DetectorError, which names file and line.
    """
    if not any(path.is_file() for path in labels):
        raise DetectorError(
            f"there is no label file for any of {len(pictures)} pictures; {labels[0]} would be the first"
        )
    return [_example(picture, path, len(names)) for picture, path in zip(pictures, labels, strict=True)]


def _example(picture: Path, labels: Path, classes: int) -> Example:
    lines = _lines(labels) if labels.is_file() else []
    objects = [
        _object(line, f"{labels}, line {number}", classes)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    return example(picture, [class_id for class_id, _ in objects], [box for _, box in objects])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DetectorError(f"{path} cannot be read as labels: {error}") from error


def _object(line: str, where: str, classes: int) -> tuple[int, list[float]]:
    """Class index, and left, top, width and height as shares of the picture."""
    words = line.split()
    try:
        class_id, (x, y, width, height) = int(words[0]), map(float, words[1:])
    except ValueError:
        raise DetectorError(
            f"{where} is {line.strip()[:80]!r}; it must be a class index and four numbers:"
            " centre x, centre y, width, height"
        ) from None
    if not 0 <= class_id < classes:
        raise DetectorError(f"{where} has class {class_id}; the model knows 0 to {classes - 1}")
    if not all(math.isfinite(share) and 0 <= share <= 1 for share in (x, y, width, height)):
        raise DetectorError(f"{where} is {line.strip()[:80]!r}; numbers are shares of the picture, 0 to 1")
    return class_id, [x - width / 2, y - height / 2, width, height]
