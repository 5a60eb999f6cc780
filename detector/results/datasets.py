"""Pictures with what was found in them -> the files of a dataset: COCO, YOLO and Pascal VOC."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from typing import Any

import detector
from detector.models.registry import COCO_NAMES, read_names
from detector.results.exports import Item, pixel_boxes
from detector.values import Detections

# Eleven of COCO's first 91 categories were dropped; the others kept their ids.
_COCO_IDS = tuple(i for i in range(1, 91) if i not in {12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
_DARKNET_SPELLING = {
    "motorbike": "motorcycle",
    "aeroplane": "airplane",
    "sofa": "couch",
    "pottedplant": "potted plant",
    "diningtable": "dining table",
    "tvmonitor": "tv",
}
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold


def class_names(items: Iterable[Item]) -> tuple[str, ...]:
    """The names that the model knows, in the order of the class indices; none without a picture.

    Raises ValueError where the pictures went through models with different names.
    """
    known = {item.found.names for item in items}
    if len(known) > 1:
        raise ValueError("one dataset has one list of class names; these pictures have several")
    return known.pop() if known else ()


def coco_json(items: Sequence[Item]) -> str:
    """COCO's object detection format (cocodataset.org/#format-data) with the `score` of its results format.

    Boxes are x, y, width, height in pixels, origin at the picture's top left corner; area in pixels. Images and
    annotations are numbered from 1. Every category is listed, by its official id where the names are COCO's 80,
    else from 1.
    """
    names = class_names(items)
    category_ids = coco_category_ids(names)
    found = [(image_id, item.found) for image_id, item in enumerate(items, start=1)]
    annotations = [entry for image_id, each in found for entry in _annotations(each, image_id, category_ids)]
    content = {
        "info": {"description": "Objects found by a detector", "version": detector.__version__},
        "licenses": [],
        "images": [_image(item, image_id) for image_id, item in enumerate(items, start=1)],
        "annotations": [{"id": number, **entry} for number, entry in enumerate(annotations, start=1)],
        "categories": [{"id": i, "name": name} for i, name in zip(category_ids, names, strict=True)],
    }
    return json.dumps(content, indent=1) + "\n"


def coco_category_ids(names: Sequence[str]) -> tuple[int, ...]:
    """COCO's own ids, 1 to 90 with gaps, for its 80 names in order, also as darknet spells them; else 1 to N."""
    spelled = tuple(map(coco_name, names))
    return _COCO_IDS if spelled == read_names(COCO_NAMES) else tuple(range(1, len(names) + 1))


def coco_name(name: str) -> str:
    """COCO's spelling of a class that darknet spells otherwise; any other name as it is."""
    return _DARKNET_SPELLING.get(name, name)


def yolo_labels(found: Detections) -> str:
    """A line for each detection: class index, then the box's centre x and y, width and height.

    They are shares of the picture's width and height, 0 to 1, as darknet and Ultralytics read them
    (docs.ultralytics.com/datasets/detect).
    """
    size = found.size_wh * 2
    lines = []
    for class_id, box in zip(found.class_ids.tolist(), found.clipped().boxes.tolist(), strict=True):
        x1, y1, x2, y2 = (value / length for value, length in zip(box, size, strict=True))
        shares = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
        lines.append(" ".join([str(class_id), *(f"{share:.6f}" for share in shares)]) + "\n")
    return "".join(lines)


def yolo_data_yaml(names: Sequence[str]) -> str:
    """The data.yaml beside the folders images/ and labels/ (docs.ultralytics.com/datasets/detect).

    It has no `path`: then Ultralytics looks for images/ beside this file and not in the working folder.
    """
    listed = "".join(f"\n  - {_yaml_string(name)}" for name in names) or " []"
    return f"train: images\nval: images\nnc: {len(names)}\nnames:{listed}\n"


def voc_xml(item: Item, folder: str = "images") -> str:
    """A Pascal VOC annotation (VOC2012 development kit) of a picture that lies in `folder`.

    Boxes are xmin, ymin, xmax, ymax, the first and last pixel inside, counted from 1 at the top left. Scores have
    no place in it.
    """
    root = ET.Element("annotation")
    _add(root, folder=folder, filename=item.name)
    width, height = item.found.size_wh
    _add(ET.SubElement(root, "size"), width=width, height=height, depth=3)
    _add(root, segmented=0)
    for label, (x1, y1, x2, y2) in zip(item.found.labels, pixel_boxes(item.found), strict=True):
        entry = ET.SubElement(root, "object")
        _add(entry, name=label, pose="Unspecified", truncated=0, difficult=0)
        _add(ET.SubElement(entry, "bndbox"), xmin=x1 + 1, ymin=y1 + 1, xmax=x2, ymax=y2)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _image(item: Item, image_id: int) -> dict[str, Any]:
    width, height = item.found.size_wh
    return {"id": image_id, "file_name": item.name, "width": width, "height": height}


def _annotations(found: Detections, image_id: int, category_ids: Sequence[int]) -> list[dict[str, Any]]:
    boxes, scores = found.clipped().boxes.tolist(), found.scores.tolist()
    return [
        {
            "image_id": image_id,
            "category_id": category_ids[class_id],
            "bbox": [round(value, 3) for value in (x1, y1, x2 - x1, y2 - y1)],
            "area": round((x2 - x1) * (y2 - y1), 3),
            "iscrowd": 0,
            "score": round(score, 6),
        }
        for class_id, score, (x1, y1, x2, y2) in zip(found.class_ids.tolist(), scores, boxes, strict=True)
    ]


def _yaml_string(text: str) -> str:
    """Double-quoted; JSON's escapes are YAML's too, but YAML wants more characters escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def _add(parent: ET.Element, **texts: str | int) -> None:
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = _NO_XML.sub("\ufffd", str(text))
