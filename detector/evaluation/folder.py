"""A folder of pictures and labels -> examples, whichever way its labels are kept."""

from collections.abc import Sequence
from pathlib import Path

from detector.errors import DetectorError
from detector.evaluation.coco_labels import read_coco
from detector.evaluation.truth import Example
from detector.evaluation.yolo_labels import read_yolo
from detector.pictures import FORMAT_OF_SUFFIX

_SUFFIXES = (*FORMAT_OF_SUFFIX, ".gif")


def read_folder(folder: Path, names: Sequence[str], labels: Path | None = None) -> list[Example]:
    """Every picture with its objects; classes are indices into `names`, those of the model.

    labels: a COCO JSON, or a folder of YOLO's text files. None takes the one JSON in the folder, else the text
    files in labels/ or beside the pictures. Raises DetectorError.
    """
    if not folder.is_dir():
        raise DetectorError(f"{folder} is no folder; give one with pictures and their labels")
    chosen = labels or _only_json(folder)
    if chosen and chosen.is_file():
        return read_coco(chosen, folder, names)
    pictures_in = folder / "images" if (folder / "images").is_dir() else folder
    pictures = sorted(path for path in pictures_in.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not pictures:
        raise DetectorError(f"{pictures_in} holds no pictures ({', '.join(_SUFFIXES)})")
    labels_in = chosen or (folder / "labels" if (folder / "labels").is_dir() else pictures_in)
    paths = [labels_in / path.relative_to(pictures_in).with_suffix(".txt") for path in pictures]
    return read_yolo(pictures, paths, names)


def _only_json(folder: Path) -> Path | None:
    found = sorted(folder.glob("*.json"))
    if len(found) > 1 or (found and (folder / "labels").is_dir()):
        listed = ", ".join(path.name for path in found)
        raise DetectorError(f"{folder} has more than one kind of labels ({listed}); say which with --labels")
    return found[0] if found else None
