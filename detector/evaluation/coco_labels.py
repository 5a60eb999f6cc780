"""COCO's labels: one JSON for all pictures (cocodataset.org/#format-data)."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from detector.errors import DetectorError
from detector.evaluation.truth import Example, example
from detector.results.datasets import coco_name

Entry = Mapping[str, Any]


def read_coco(path: Path, folder: Path, names: Sequence[str]) -> list[Example]:
    """An Example for each picture that the JSON lists, found in `folder`; categories are matched by name.

    COCO's names may be spelled as darknet does. Raises DetectorError, which names the file and the entry.
    """
    content = _content(path)
    of_picture: dict[object, list[Entry]] = defaultdict(list)
    try:
        class_ids = _class_ids(content, names, path)
        for entry in content["annotations"]:
            of_picture[entry["image_id"]].append(entry)
        if strange := set(of_picture) - {picture["id"] for picture in content["images"]}:
            raise DetectorError(
                f"{path} has an annotation of the picture {strange.pop()}, which it does not list"
            )
        return [
            _example(picture, of_picture[picture["id"]], class_ids, folder) for picture in content["images"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise DetectorError(f"{path} is not in COCO's format: {what}") from error


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DetectorError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict) or not content.get("images"):
        raise DetectorError(f"{path} is not in COCO's format: it lists no images")
    return content


def _class_ids(content: Entry, names: Sequence[str], path: Path) -> dict[int, int]:
    """Category id -> index into the model's names, of every category that an annotation has."""
    known = {coco_name(name): index for index, name in enumerate(names)}
    used = {entry["category_id"] for entry in content["annotations"]}
    told = {entry["id"]: entry["name"] for entry in content["categories"]}
    if nameless := used - set(told):
        raise DetectorError(
            f"{path} has an annotation of the category {nameless.pop()}, which it does not list"
        )
    if strange := {told[i] for i in used if coco_name(told[i]) not in known}:
        raise DetectorError(f"{path} has objects that the model does not know: {', '.join(sorted(strange))}")
    return {i: known[coco_name(told[i])] for i in used}


def _example(picture: Entry, objects: Sequence[Entry], class_ids: Mapping[int, int], folder: Path) -> Example:
    name = PurePath(picture["file_name"])
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"the picture {name} would lie outside the folder")
    return example(
        next((path for path in (folder / "images" / name, folder / name) if path.is_file()), folder / name),
        [class_ids[entry["category_id"]] for entry in objects],
        [entry["bbox"] for entry in objects],
        [bool(entry.get("iscrowd", 0)) for entry in objects],
        (picture["width"], picture["height"]),
    )
