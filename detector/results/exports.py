"""Pictures with what was found in them -> CSV, JSON, crops and annotated pictures, as file contents."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from detector.pictures.draw import Look, Rectangle, draw
from detector.pictures.encode import encode
from detector.pipeline import Result
from detector.results.filenames import safe_stem
from detector.results.report import report
from detector.settings import Settings
from detector.values import Detections, Picture

COLUMNS = ("image", "label", "class_id", "score", "xmin", "ymin", "xmax", "ymax")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


@dataclass(frozen=True, eq=False)
class Item:
    """One picture and what was found in it.

    name: the picture's file name as uploaded.
    picture: gives the upright picture in full size, and may decode it at each call: many are not held at once.
    found: boxes in pixels of that picture.
    """

    name: str
    picture: Callable[[], Picture]
    found: Detections

    def opened(self) -> Picture:
        """The picture, once it is sure that the boxes speak of its pixels."""
        picture = self.picture()
        if picture.size_wh != self.found.size_wh:
            raise ValueError(f"{self.name!r} has {picture.size_wh} pixels, its boxes {self.found.size_wh}")
        return picture


def csv_text(items: Iterable[Item]) -> str:
    """A row for each detection, after RFC 4180, in UTF-8 with lines ending in CR LF.

    Boxes are xmin, ymin, xmax, ymax in pixels, origin at the picture's top left corner. A name that a spreadsheet
    would run as a formula begins with an apostrophe (OWASP, CSV injection).
    """
    text = io.StringIO(newline="")
    # Quoted, no name can begin a cell of its own where a spreadsheet splits at semicolons.
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    writer.writerows(
        _row(item.name, detection) for item in items for detection in _record(item)["detections"]
    )
    return text.getvalue()


def json_text(items: Iterable[Item]) -> str:
    """An array with an object for each picture: what `report` gives, less what does not follow from the boxes.

    Boxes are xmin, ymin, xmax, ymax in pixels, origin at the picture's top left corner. All in ASCII.
    """
    return json.dumps([_record(item) for item in items], indent=2) + "\n"


def annotated_bytes(item: Item, suffix: str = ".png", look: Look | None = None) -> bytes:
    """The picture in full size with boxes and name plates, as a file with that suffix. Raises ImageError."""
    return encode(draw(item.opened(), item.found, look), suffix)


def crop_files(item: Item, suffix: str = ".jpg") -> Iterator[tuple[str, bytes]]:
    """Name and bytes of a picture for each detection, the surest first: 0001-dog.jpg. Raises ImageError."""
    pixels = item.opened().pixels
    boxes = pixel_boxes(item.found)
    for number, (label, (x1, y1, x2, y2)) in enumerate(zip(item.found.labels, boxes, strict=True), start=1):
        crop = encode(Picture(pixels[y1:y2, x1:x2]), suffix)
        yield f"{number:04d}-{safe_stem(label, 'object')}{suffix}", crop


def pixel_boxes(found: Detections) -> list[Rectangle]:
    """x1 y1 x2 y2 in whole pixels of the picture, x2 and y2 just past the box, with one pixel in each at least."""
    size = np.array(found.size_wh)
    whole = found.clipped().boxes.round().astype(np.int64)
    corners = np.minimum(whole[:, :2], size - 1)
    ends = np.maximum(whole[:, 2:], corners + 1)
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in np.hstack([corners, ends]).tolist()]


def _record(item: Item) -> dict[str, Any]:
    # An item does not know with which settings it was detected, nor how long that took.
    made = report(Result(item.found, Settings(), time_ms={}), item.name)
    return {key: made[key] for key in ("image", "detections", "counts", "version")}


def _row(name: str, detection: dict[str, Any]) -> list[str | float]:
    box = [round(value, 3) for value in detection["box"].values()]
    score = round(detection["score"], 6)
    return [_cell(name), _cell(detection["label"]), detection["class_id"], score, *box]


def _cell(text: str) -> str:
    encodable = text.encode(
        errors="replace"
    ).decode()  # half a surrogate pair would fail when the file is written
    return "'" + encodable if encodable.startswith(_FORMULA_STARTS) else encodable
