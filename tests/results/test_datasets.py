"""COCO, YOLO and Pascal VOC, read back by pycocotools, globox and PyYAML."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from globox import Annotation, BoundingBox
from pycocotools.coco import COCO

from detector.models.registry import COCO_NAMES, read_names
from detector.results.datasets import (
    class_names,
    coco_category_ids,
    coco_json,
    voc_xml,
    yolo_data_yaml,
    yolo_labels,
)
from detector.results.exports import Item
from detector.values import Detections
from tests.results.test_exports import NAMES, box_error, item_of, random_item

COCO_80 = read_names(COCO_NAMES)
LARGE = (4032, 3024)
OUTSIDE = [(-30, -20, 500, 400), (90, 70, 120, 90), (-9, -9, -1, -1), (5, 5, 5.1, 5.1)]


def coco_of(text: str, folder: Path) -> Any:
    path = folder / "coco.json"
    path.write_text(text, encoding="utf-8")
    return COCO(str(path))


def yolo_of(found: Detections, folder: Path) -> Annotation:
    path = folder / "a.txt"
    path.write_text(yolo_labels(found), encoding="utf-8")
    return Annotation.from_yolo_darknet(path, image_size=found.size_wh)


def voc_of(item: Item, folder: Path) -> Annotation:
    path = folder / "a.xml"
    path.write_text(voc_xml(item), encoding="utf-8")
    return Annotation.from_pascal_voc(path)


def corners(boxes: Iterable[BoundingBox]) -> list[tuple[float, float, float, float]]:
    return [box.ltrb for box in boxes]


def edges(boxes: Iterable[BoundingBox]) -> list[tuple[float, float, float, float]]:
    """The box around VOC's first and last pixel, counted from 1: as Detectron2 and the VOC devkit take them."""
    return [(x1 - 1, y1 - 1, x2, y2) for x1, y1, x2, y2 in corners(boxes)]


def from_xywh(bbox: list[float]) -> list[float]:
    x, y, width, height = bbox
    return [x, y, x + width, y + height]


def test_coco_is_read_by_pycocotools_picture_by_picture(tmp_path: Path) -> None:
    items = [random_item("one.jpg", 5, 1), random_item("ä.png", 0, 2), random_item("tre.jpg", 40, 3, LARGE)]
    coco = coco_of(coco_json(items), tmp_path)
    assert coco.getImgIds() == [1, 2, 3]
    assert sorted(coco.getAnnIds()) == list(range(1, 46))
    for image, item in zip(coco.loadImgs([1, 2, 3]), items, strict=True):
        assert (image["file_name"], (image["width"], image["height"])) == (item.name, item.found.size_wh)
        found = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        assert [coco.cats[entry["category_id"]]["name"] for entry in found] == list(item.found.labels)
        assert [entry["score"] for entry in found] == pytest.approx(item.found.scores.tolist(), abs=1e-6)
        assert box_error([from_xywh(entry["bbox"]) for entry in found], item.found.boxes) < 0.01
        sizes = item.found.boxes[:, 2:] - item.found.boxes[:, :2]
        assert [entry["area"] for entry in found] == pytest.approx(np.prod(sizes, axis=1).tolist(), rel=1e-4)
        assert not any(entry["iscrowd"] for entry in found)


def test_coco_annotations_are_results_that_pycocotools_loads(tmp_path: Path) -> None:
    item = random_item("one.jpg", 7)
    coco = coco_of(coco_json([item]), tmp_path)
    results = coco.loadRes(json.loads(coco_json([item]))["annotations"])
    loaded = results.loadAnns(results.getAnnIds())
    assert box_error([from_xywh(entry["bbox"]) for entry in loaded], item.found.boxes) < 0.01
    assert [entry["score"] for entry in loaded] == pytest.approx(item.found.scores.tolist(), abs=1e-6)


@pytest.mark.parametrize("items", [[], [random_item("a.jpg", 0)]], ids=["no picture", "nothing found"])
def test_coco_of_nothing_is_read_by_pycocotools(items: list[Item], tmp_path: Path) -> None:
    coco = coco_of(coco_json(items), tmp_path)
    assert (len(coco.getImgIds()), coco.getAnnIds()) == (len(items), [])
    assert len(coco.getCatIds()) == len(NAMES) * len(items)


def test_coco_boxes_are_cut_at_the_edge_of_the_picture() -> None:
    content = json.loads(coco_json([item_of("a.jpg", *OUTSIDE, size_wh=(80, 60))]))
    boxes = np.array([from_xywh(entry["bbox"]) for entry in content["annotations"]])
    assert boxes.min() >= 0
    assert (boxes <= (80, 60, 80, 60)).all()


def test_category_ids_of_cocos_names_are_its_official_ones() -> None:
    ids = dict(zip(COCO_80, coco_category_ids(COCO_80), strict=True))
    official = {
        "person": 1, "fire hydrant": 11, "stop sign": 13, "bench": 15, "dog": 18, "backpack": 27, "umbrella": 28,
        "handbag": 31, "bottle": 44, "wine glass": 46, "cake": 61, "potted plant": 64, "bed": 65, "dining table": 67,
        "toilet": 70, "tv": 72, "refrigerator": 82, "book": 84, "hair drier": 89, "toothbrush": 90,
    }  # fmt: skip
    assert len(set(ids.values())) == 80
    assert {name: ids[name] for name in official} == official


def test_category_ids_are_the_official_ones_in_darknets_spelling_too() -> None:
    spelling = {"motorcycle": "motorbike", "airplane": "aeroplane", "couch": "sofa", "tv": "tvmonitor"}
    spelling |= {"potted plant": "pottedplant", "dining table": "diningtable"}
    assert coco_category_ids([spelling.get(name, name) for name in COCO_80])[-1] == 90


@pytest.mark.parametrize("names", [(), ("person",), COCO_80[:79], COCO_80[::-1]], ids=len)
def test_category_ids_of_other_names_count_from_one(names: tuple[str, ...]) -> None:
    assert coco_category_ids(names) == tuple(range(1, len(names) + 1))


def test_coco_lists_every_category_found_or_not(tmp_path: Path) -> None:
    coco = coco_of(coco_json([random_item("a.jpg", 2, names=COCO_80)]), tmp_path)
    assert [coco.cats[i]["name"] for i in coco.getCatIds()] == list(COCO_80)


def test_pictures_of_models_with_different_names_make_no_dataset() -> None:
    items = [random_item("a.jpg"), random_item("b.jpg", names=("cat",))]
    with pytest.raises(ValueError, match="one list of class names"):
        class_names(items)


@pytest.mark.parametrize("size_wh", [(317, 211), LARGE, (1, 1)], ids=str)
def test_yolo_labels_are_read_by_globox(size_wh: tuple[int, int], tmp_path: Path) -> None:
    found = random_item("a.jpg", 0 if size_wh == (1, 1) else 25, 4, size_wh).found
    read = yolo_of(found, tmp_path)
    assert [int(box.label) for box in read.boxes] == found.class_ids.tolist()
    assert box_error(corners(read.boxes), found.boxes) < 0.05


def test_yolo_labels_have_six_decimals_from_zero_to_one() -> None:
    found = item_of("a.jpg", *OUTSIDE, size_wh=(80, 60)).found
    lines = [line.split(" ") for line in yolo_labels(found).splitlines()]
    assert lines[0] == ["0", "0.500000", "0.500000", "1.000000", "1.000000"]
    assert all(0 <= float(share) <= 1 and len(share) == 8 for line in lines for share in line[1:])


@pytest.mark.parametrize(
    "names",
    [
        COCO_80,
        (),
        (
            "no",
            "1",
            "null",
            "",
            " a: b",
            "- x",
            "#",
            "'\"\\",
            "é 猫 😀",
            "a\x7f\x85\u2028\ufeff\u202eb\t\x01",
        ),
    ],
    ids=["COCO", "none", "hostile"],
)
def test_data_yaml_gives_the_names_in_order_and_where_the_pictures_lie(names: tuple[str, ...]) -> None:
    expected = {"train": "images", "val": "images", "nc": len(names), "names": list(names)}
    assert yaml.safe_load(yolo_data_yaml(names)) == expected


@pytest.mark.parametrize("size_wh", [(317, 211), LARGE], ids=str)
def test_voc_is_read_by_globox(size_wh: tuple[int, int], tmp_path: Path) -> None:
    item = random_item("ä & <b>.jpg", 25, 5, size_wh)
    read = voc_of(item, tmp_path)
    assert (read.image_id, read.image_size) == (item.name, size_wh)
    assert [box.label for box in read.boxes] == list(item.found.labels)
    assert box_error(edges(read.boxes), item.found.boxes) <= 1


def test_voc_counts_pixels_from_one_and_both_ends_are_inside(tmp_path: Path) -> None:
    read = voc_of(item_of("a.jpg", (0, 0, 80, 60), (10, 20, 11, 21), size_wh=(80, 60)), tmp_path)
    assert corners(read.boxes) == [(1, 1, 80, 60), (11, 21, 11, 21)]


def test_voc_boxes_have_a_pixel_inside_the_picture(tmp_path: Path) -> None:
    for x1, y1, x2, y2 in corners(voc_of(item_of("a.jpg", *OUTSIDE, size_wh=(80, 60)), tmp_path).boxes):
        assert 1 <= x1 <= x2 <= 80
        assert 1 <= y1 <= y2 <= 60


@pytest.mark.parametrize(
    ("label", "read_as"),
    [
        ("<b>&\"'", "<b>&\"'"),
        ("a\x00\x0b\ud83d\uffffb", "a\ufffd\ufffd\ufffd\ufffdb"),
        ("é 猫 😀", "é 猫 😀"),
    ],
    ids=ascii,
)
def test_voc_is_whole_xml_whatever_the_names(label: str, read_as: str) -> None:
    item = item_of(label, (1, 2, 3, 4), label=label, size_wh=(9, 9))
    root = ET.fromstring(voc_xml(item).encode())  # as bytes: what is written must be UTF-8
    assert (root.findtext("filename"), root.findtext("object/name")) == (read_as, read_as)


def test_nothing_found_gives_labels_that_are_read_as_none(tmp_path: Path) -> None:
    item = random_item("a.jpg", 0)
    assert (yolo_of(item.found, tmp_path).boxes, voc_of(item, tmp_path).boxes) == ([], [])
