"""Pictures with what was found in them -> one zip file with every export."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from detector.pictures import FORMAT_OF_SUFFIX
from detector.pictures.draw import Look
from detector.pictures.encode import encode
from detector.results.datasets import class_names, coco_json, voc_xml, yolo_data_yaml, yolo_labels
from detector.results.exports import Item, annotated_bytes, crop_files, csv_text, json_text
from detector.results.filenames import safe_name, split_suffix, unique_names

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name
_READABLE_FILE = 0o100644 << 16


def archive_bytes(items: Sequence[Item], look: Look | None = None) -> bytes:
    """The zip file that `write_archive` writes."""
    buffer = io.BytesIO()
    write_archive(items, buffer, look)
    return buffer.getvalue()


def write_archive(items: Sequence[Item], file: BinaryIO, look: Look | None = None) -> None:
    """Write a zip file; the same items give the same bytes, and one picture at a time is held.

    results.csv, results.json, coco.json and data.yaml speak of all pictures. For each there are
    images/NAME (upright, encoded anew), annotated/NAME, labels/STEM.txt (YOLO), Annotations/STEM.xml (Pascal VOC)
    and crops/STEM/. NAME and STEM are those of `archive_names`, and every file inside speaks of those.
    Raises ImageError.
    """
    names = archive_names([item.name for item in items])
    renamed = [replace(item, name=name) for item, name in zip(items, names, strict=True)]
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in _entries(renamed, look):
            info = zipfile.ZipInfo(path, _EPOCH)
            info.create_system, info.external_attr = 3, _READABLE_FILE  # Unix, on every system alike
            info.compress_type = zipfile.ZIP_DEFLATED if isinstance(content, str) else zipfile.ZIP_STORED
            archive.writestr(info, content)


def archive_names(names: Sequence[str]) -> list[str]:
    """Safe file names with different stems, whose suffix is one that can be written: PNG for any other."""
    return unique_names(_writable(safe_name(name)) for name in names)


def _writable(name: str) -> str:
    stem, suffix = split_suffix(name)
    if suffix.lower() in FORMAT_OF_SUFFIX:
        return name
    return (stem if suffix.lower() == ".gif" else name) + ".png"


def _entries(items: Sequence[Item], look: Look | None) -> Iterator[tuple[str, str | bytes]]:
    yield "results.csv", csv_text(items)
    yield "results.json", json_text(items)
    yield "coco.json", coco_json(items)
    yield "data.yaml", yolo_data_yaml(class_names(items))
    for item in items:
        yield from _entries_of(item, look)


def _entries_of(item: Item, look: Look | None) -> Iterator[tuple[str, str | bytes]]:
    picture = item.opened()
    held = replace(item, picture=lambda: picture)  # decoded once for all that is made of it
    stem, suffix = split_suffix(item.name)
    yield f"images/{item.name}", encode(picture, suffix)
    yield f"annotated/{item.name}", annotated_bytes(held, suffix, look)
    yield f"labels/{stem}.txt", yolo_labels(item.found)
    yield f"Annotations/{stem}.xml", voc_xml(item)
    for name, content in crop_files(held):
        yield f"crops/{stem}/{name}", content
