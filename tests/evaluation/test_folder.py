"""Every way to keep labels, and what is wrong with them told by file and line."""

from pathlib import Path
from typing import Any

import pytest

from detector.errors import DetectorError
from detector.evaluation.folder import read_folder
from detector.evaluation.truth import Example, example
from tests.evaluation.builders import NAMES, coco_content, write_coco, write_pictures

LINE = "2 0.5 0.5 0.25 0.5\n"


def boxes_of(one: Example) -> list[list[float]]:
    boxes: list[list[float]] = one.boxes_in((200, 100)).tolist()
    return boxes


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [("images", "labels"), ("images/train", "labels/train"), ("", ""), ("images", "images")],
    ids=["two folders", "folders in two folders", "side by side", "side by side in images"],
)
def test_yolo_labels_are_found(pictures: str, labels: str, tmp_path: Path) -> None:
    write_pictures(tmp_path / pictures, "a.png", "b.PNG")
    (tmp_path / labels).mkdir(parents=True, exist_ok=True)
    (tmp_path / labels / "a.txt").write_text(LINE + "\n" + "0 0.1 0.2 0.2 0.4\n")
    one, other = read_folder(tmp_path, NAMES)
    assert (one.path, other.path) == (tmp_path / pictures / "a.png", tmp_path / pictures / "b.PNG")
    assert one.class_ids.tolist() == [2, 0]
    assert boxes_of(one) == [pytest.approx([75, 25, 125, 75]), pytest.approx([0, 0, 40, 40])]
    assert len(other.class_ids) == 0  # no label file: nothing is in it


def test_labels_may_lie_in_another_folder(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", "a.png")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text(LINE)
    (one,) = read_folder(tmp_path / "pictures", NAMES, tmp_path / "mine")
    assert one.class_ids.tolist() == [2]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2 0.5 0.5 0.25", "must be a class index and four numbers"),
        ("2 0.5 0.5 0.25 0.5 0.9", "must be a class index and four numbers"),
        ("cat 0.5 0.5 0.25 0.5", "is 'cat 0.5 0.5 0.25 0.5'; it must be"),
        ("3 0.5 0.5 0.25 0.5", "has class 3; the model knows 0 to 2"),
        ("-1 0.5 0.5 0.25 0.5", "has class -1; the model knows 0 to 2"),
        ("2 50 50 25 50", "numbers are shares of the picture, 0 to 1"),
        ("2 nan 0.5 0.25 0.5", "numbers are shares of the picture, 0 to 1"),
        ("2 0.5 0.5 -0.1 0.5", "numbers are shares of the picture, 0 to 1"),
    ],
)
def test_a_malformed_line_is_told_with_file_and_line(line: str, message: str, tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    (tmp_path / "a.txt").write_text(LINE + line + "\n")
    with pytest.raises(DetectorError, match=rf"a\.txt, line 2 .*{message}"):
        read_folder(tmp_path, NAMES)


def test_labels_that_are_no_text_are_told(tmp_path: Path) -> None:
    write_pictures(tmp_path, "a.png")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DetectorError, match=r"a\.txt cannot be read as labels"):
        read_folder(tmp_path, NAMES)


def test_a_coco_json_is_read_by_category_names(tmp_path: Path) -> None:
    write_pictures(tmp_path / "images", "a.png")
    write_coco(tmp_path / "truth.json")
    (one,) = read_folder(tmp_path, NAMES)
    assert one.path == tmp_path / "images" / "a.png"
    assert (one.class_ids.tolist(), one.crowds.tolist()) == ([2, 0], [False, True])
    assert boxes_of(one) == [[10, 20, 40, 60], [0, 0, 50, 50]]


def test_a_coco_json_may_lie_elsewhere_and_darknets_spelling_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write_pictures(folder, "a.png")
    categories = [{"id": 12, "name": "motorcycle"}, {"id": 90, "name": "ant"}]
    path = write_coco(tmp_path / "truth.json", categories=categories)
    (one,) = read_folder(folder, ("ant", "motorbike"), path)
    assert (one.path, one.class_ids.tolist()) == (folder / "a.png", [1, 0])


ANNOTATION: dict[str, Any] = coco_content()["annotations"][0]
IMAGE: dict[str, Any] = coco_content()["images"][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": []}, "lists no images"),
        ({"annotations": None}, "not in COCO's format"),
        (
            {"annotations": [{**ANNOTATION, "image_id": 8}]},
            "annotation of the picture 8, which it does not list",
        ),
        ({"annotations": [{**ANNOTATION, "category_id": 5}]}, "the category 5, which it does not list"),
        ({"annotations": [{**ANNOTATION, "category_id": 91}]}, "objects that the model does not know: yak"),
        ({"annotations": [{**ANNOTATION, "bbox": [1, 2, 3]}]}, "not in COCO's format"),
        ({"annotations": [{**ANNOTATION, "bbox": [1, 2, -3, 4]}]}, "is no finite x1 y1 x2 y2"),
        ({"annotations": [{**ANNOTATION, "bbox": ["a", 2, 3, 4]}]}, "not in COCO's format"),
        ({"annotations": [{"image_id": 7, "category_id": 12}]}, "no 'bbox'"),
        ({"images": [{**IMAGE, "width": 0}]}, "has the size"),
        ({"images": [{**IMAGE, "width": "wide"}]}, "not in COCO's format"),
        ({"images": [{**IMAGE, "file_name": "../a.png"}]}, "would lie outside the folder"),
        ({"images": [{**IMAGE, "file_name": "/etc/a.png"}]}, "would lie outside the folder"),
    ],
)
def test_a_malformed_coco_json_is_told(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_coco(tmp_path / "truth.json", **changes)
    with pytest.raises(DetectorError, match=rf"truth\.json.* {message}"):
        read_folder(tmp_path, NAMES)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "\x00", "[1]"])
def test_what_is_no_json_of_pictures_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(DetectorError, match=r"truth\.json (cannot be read as JSON|is not in COCO's format)"):
        read_folder(tmp_path, NAMES)


def test_two_kinds_of_labels_are_not_chosen_from(tmp_path: Path) -> None:
    write_coco(tmp_path / "one.json")
    (tmp_path / "labels").mkdir()
    with pytest.raises(
        DetectorError, match=r"more than one kind of labels \(one\.json\); say which with --labels"
    ):
        read_folder(tmp_path, NAMES)


def test_a_folder_without_pictures_labels_or_itself_is_told(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="is no folder"):
        read_folder(tmp_path / "gone", NAMES)
    with pytest.raises(DetectorError, match="holds no pictures"):
        read_folder(tmp_path, NAMES)
    write_pictures(tmp_path, "a.png")
    with pytest.raises(
        DetectorError, match=r"no label file for any of 1 pictures; .*a\.txt would be the first"
    ):
        read_folder(tmp_path, NAMES)


def test_an_example_is_checked_when_made() -> None:
    with pytest.raises(ValueError, match=r"boxes, class_ids and crowds are"):
        example(Path("a.png"), [1, 2], [[0, 0, 1, 1]])
