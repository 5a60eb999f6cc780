"""CSV, JSON, crops and annotated pictures, read back by csv, pandas, json and Pillow."""

import csv
import io
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from detector.pictures.draw import Look, draw
from detector.pipeline import Result
from detector.results.exports import COLUMNS, Item, annotated_bytes, crop_files, csv_text, json_text
from detector.results.report import report
from detector.settings import Settings
from detector.values import Detections, Floats
from tests.builders import noise_picture

NAMES = ("ant", "bee", "traffic light")


def random_item(
    name: str,
    count: int = 5,
    seed: int = 0,
    size_wh: tuple[int, int] = (317, 211),
    names: Sequence[str] = NAMES,
) -> Item:
    """A picture with `count` boxes of one pixel or more, anywhere inside it, at places between pixels."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, np.array(size_wh) - 1, (count, 2))
    ends = rng.uniform(corners + 1, size_wh)
    found = Detections(
        boxes=np.hstack([corners, ends]).astype(np.float32),
        scores=np.sort(rng.random(count, dtype=np.float32))[::-1],
        class_ids=rng.integers(0, len(names), count),
        names=tuple(names),
        size_wh=size_wh,
    )
    return Item(name, lambda: noise_picture(*size_wh, seed), found)


def item_of(name: str, *boxes: Sequence[float], label: str = "ant", size_wh: tuple[int, int]) -> Item:
    """A picture with these x1 y1 x2 y2 boxes of one class."""
    found = Detections(
        boxes=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        scores=np.full(len(boxes), 0.9, dtype=np.float32),
        class_ids=np.zeros(len(boxes), dtype=np.int64),
        names=(label,),
        size_wh=size_wh,
    )
    return Item(name, lambda: noise_picture(*size_wh), found)


def box_error(boxes: object, expected: Floats) -> float:
    """The largest distance in pixels between a coordinate and the one it stands for."""
    given = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    assert given.shape == expected.shape
    return float(np.abs(given - expected).max(initial=0))


def image_of(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_csv_gives_pandas_every_detection_of_every_picture() -> None:
    items = [random_item("one.jpg", 5, seed=1), random_item("two.jpg", 0), random_item("tre.jpg", 3, seed=2)]
    rows = pd.read_csv(io.StringIO(csv_text(items)))
    assert tuple(rows.columns) == COLUMNS
    assert rows["image"].tolist() == ["one.jpg"] * 5 + ["tre.jpg"] * 3
    for item in (items[0], items[2]):
        mine = rows[rows["image"] == item.name]
        assert mine["label"].tolist() == list(item.found.labels)
        assert mine["class_id"].tolist() == item.found.class_ids.tolist()
        assert mine["score"].tolist() == pytest.approx(item.found.scores.tolist(), abs=1e-6)
        assert box_error(mine[["xmin", "ymin", "xmax", "ymax"]].to_numpy(), item.found.boxes) < 0.001


@pytest.mark.parametrize("items", [[], [random_item("a.jpg", 0)]], ids=["no picture", "nothing found"])
def test_csv_of_nothing_has_its_heading(items: list[Item]) -> None:
    assert list(csv.reader(io.StringIO(csv_text(items)))) == [list(COLUMNS)]


@pytest.mark.parametrize(
    "name",
    ["=cmd()", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "\n=x", "＝1+1", "=HYPERLINK(\"http://x\",'y')"],  # noqa: RUF001
    ids=ascii,
)
def test_csv_name_that_a_spreadsheet_would_run_begins_with_an_apostrophe(name: str) -> None:
    text = csv_text([item_of(name, (1, 2, 3, 4), label=name, size_wh=(9, 9))])
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert row[:2] == ["'" + name, "'" + name]


@pytest.mark.parametrize(
    "name", ["a=b.jpg", "a,b.jpg", 'say "x".jpg', "a\nb.jpg", "ä 猫 😀.jpg", ""], ids=ascii
)
def test_csv_keeps_any_other_name(name: str) -> None:
    text = csv_text([item_of(name, (1, 2, 3, 4), size_wh=(9, 9))])
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert row[0] == name


def test_csv_name_begins_no_cell_where_semicolons_separate() -> None:
    text = csv_text([item_of("a;=cmd();b", (1, 2, 3, 4), size_wh=(9, 9))])
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=";") for cell in row]
    assert not any(cell.startswith("=") for cell in cells)


def test_csv_can_be_encoded_whatever_the_name() -> None:
    assert b"half ?.jpg" in csv_text([item_of("half \ud83d.jpg", (1, 2, 3, 4), size_wh=(9, 9))]).encode()


def test_json_holds_for_each_picture_what_every_shell_gives() -> None:
    items = [random_item("one.jpg", 4), random_item('"\n\ud83d.jpg', 0)]
    records = json.loads(json_text(items))
    assert [record["image"]["name"] for record in records] == [item.name for item in items]
    for item, record in zip(items, records, strict=True):
        whole = report(Result(item.found, Settings(), {"forward": 1.0}), item.name)
        assert record.items() <= whole.items()
        assert set(whole) - set(record) == {"model", "engine", "time_ms", "notes"}
        assert box_error([list(d["box"].values()) for d in record["detections"]], item.found.boxes) == 0


def test_json_of_no_picture_is_an_empty_array() -> None:
    assert json.loads(json_text([])) == []


@pytest.mark.parametrize(("suffix", "tolerance"), [(".png", 0), (".jpg", 4)])
def test_crops_are_the_pixels_of_their_boxes_by_number_and_label(suffix: str, tolerance: float) -> None:
    item = random_item("a.jpg", 6, seed=3)
    crops = list(crop_files(item, suffix))
    labels = item.found.labels
    assert [name for name, _ in crops] == [f"{n:04d}-{label}{suffix}" for n, label in enumerate(labels, 1)]
    for box, (_, content) in zip(item.found.boxes.round().astype(int).tolist(), crops, strict=True):
        x1, y1, x2, y2 = box
        expected = item.picture().pixels[y1:y2, x1:x2].astype(int)
        assert np.abs(np.asarray(image_of(content)) - expected).mean() <= tolerance


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ((-20, -10, 15, 500), (15, 30)),
        ((5, 5, 5.2, 5.2), (1, 1)),
        ((90, 90, 95, 95), (1, 1)),
        ((-9, -9, -1, -1), (1, 1)),
    ],
    ids=["over the edge", "thinner than a pixel", "beyond the end", "before the start"],
)
def test_crop_lies_inside_the_picture_and_has_a_pixel(box: tuple[float, ...], size: tuple[int, int]) -> None:
    [(_, content)] = crop_files(item_of("a.jpg", box, size_wh=(40, 30)))
    assert image_of(content).size == size


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("../../x", "0001-x.jpg"),
        ("a/b\\c", "0001-abc.jpg"),
        ("\x00😀", "0001-object.jpg"),
        ("猫", "0001-猫.jpg"),
    ],
    ids=ascii,
)
def test_crop_is_named_safely_whatever_the_class_is_called(label: str, name: str) -> None:
    item = item_of("a.jpg", (1, 2, 30, 40), label=label, size_wh=(50, 50))
    assert [given for given, _ in crop_files(item)] == [name]


def test_nothing_found_gives_no_crop() -> None:
    assert list(crop_files(random_item("a.jpg", 0))) == []


def test_annotated_picture_is_what_drawing_gives_in_full_size() -> None:
    item, look = random_item("a.jpg"), Look(scores=False)
    expected = draw(item.picture(), item.found, look).pixels
    assert np.array_equal(np.asarray(image_of(annotated_bytes(item, ".png", look))), expected)


def test_boxes_of_another_size_than_the_picture_are_refused() -> None:
    item = random_item("a.jpg")
    shrunk = Item("a.jpg", lambda: noise_picture(31, 21), item.found)
    with pytest.raises(ValueError, match=r"'a.jpg' has \(31, 21\) pixels, its boxes \(317, 211\)"):
        annotated_bytes(shrunk)
