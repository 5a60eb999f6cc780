"""Picture and Detections: what they refuse, and what each of their methods gives."""

from collections.abc import Collection
from dataclasses import FrozenInstanceError

import numpy as np
import numpy.typing as npt
import pytest

from detector.values import Detections, Picture

NAMES = ("ant", "bee", "cat")
ROWS = [
    ((10, 20, 110, 220), 0.875, 2),
    ((-40, -30, 700, 500), 0.75, 0),
    ((0, 0, 640, 480), 0.5, 2),
    ((600, 400, 640, 480), 0.25, 1),
]


def detections(rows: Collection[tuple[tuple[float, ...], float, int]] = ROWS) -> Detections:
    return Detections(
        boxes=np.array([row[0] for row in rows], dtype=np.float32).reshape(-1, 4),
        scores=np.array([row[1] for row in rows], dtype=np.float32),
        class_ids=np.array([row[2] for row in rows], dtype=np.int64),
        names=NAMES,
        size_wh=(640, 480),
    )


def rows_of(found: Detections) -> list[tuple[tuple[float, ...], float, int]]:
    columns = found.boxes.tolist(), found.scores.tolist(), found.class_ids.tolist()
    return [(tuple(box), score, class_id) for box, score, class_id in zip(*columns, strict=True)]


@pytest.mark.parametrize(
    ("pixels", "complaint"),
    [
        (np.zeros((4, 5, 3), dtype=np.float32), r"not float32 \(4, 5, 3\)"),
        (np.zeros((4, 5), dtype=np.uint8), r"not uint8 \(4, 5\)"),
        (np.zeros((4, 5, 4), dtype=np.uint8), r"not uint8 \(4, 5, 4\)"),
        (np.zeros((3, 4, 5), dtype=np.uint8), r"not uint8 \(3, 4, 5\)"),
        (np.zeros((0, 5, 3), dtype=np.uint8), "at least one pixel"),
        (np.zeros((4, 0, 3), dtype=np.uint8), "at least one pixel"),
    ],
    ids=["float", "grey", "alpha", "channels first", "no rows", "no columns"],
)
def test_picture_refuses_what_is_not_rgb_bytes(pixels: npt.NDArray[np.uint8], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Picture(pixels)


def test_picture_size_is_width_then_height() -> None:
    assert Picture(np.zeros((4, 5, 3), dtype=np.uint8)).size_wh == (5, 4)


def test_picture_is_read_only_while_the_callers_array_stays_writable() -> None:
    pixels = np.zeros((4, 5, 3), dtype=np.uint8)
    picture = Picture(pixels)
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0, 0] = 1
    with pytest.raises(FrozenInstanceError, match="pixels"):
        picture.pixels = pixels  # type: ignore[misc]
    assert pixels.flags.writeable


@pytest.mark.parametrize(
    ("boxes", "scores", "class_ids", "complaint"),
    [
        ((2, 4), [0.9], [0], r"not \(\(2, 4\), \(1,\), \(1,\)\)"),
        ((1, 5), [0.9], [0], r"not \(\(1, 5\), "),
        ((0,), [], [], r"not \(\(0,\), "),
        ((1, 4), [0.9], [0, 1], r"\(2,\)\)$"),
        ((1, 4), [0.9], [3], "outside the 3 names"),
        ((1, 4), [0.9], [-1], "outside the 3 names"),
        ((2, 4), [0.5, 0.75], [0, 1], "falling score"),
    ],
    ids=["more boxes", "five sides", "no box rows", "more ids", "id too high", "id below 0", "unsorted"],
)
def test_detections_refuse_what_does_not_fit_together(
    boxes: tuple[int, ...], scores: list[float], class_ids: list[int], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Detections(
            np.zeros(boxes, dtype=np.float32),
            np.array(scores, dtype=np.float32),
            np.array(class_ids, dtype=np.int64),
            NAMES,
            (640, 480),
        )


def test_detections_give_labels_and_counts_with_the_most_frequent_first() -> None:
    found = detections()
    assert len(found) == 4
    assert found.labels == ("cat", "ant", "cat", "bee")
    assert list(found.counts().items()) == [("cat", 2), ("ant", 1), ("bee", 1)]


@pytest.mark.parametrize(("confidence", "kept"), [(0.0, 4), (0.4, 3), (0.5, 2), (0.8, 1), (1.0, 0)], ids=str)
def test_above_keeps_only_scores_over_the_confidence(confidence: float, kept: int) -> None:
    assert rows_of(detections().above(confidence)) == ROWS[:kept]


@pytest.mark.parametrize(
    ("names", "kept"),
    [({"cat"}, [0, 2]), (["bee", "ant"], [1, 3]), ((), []), ({"dog"}, [])],
    ids=["one", "two", "none", "unknown"],
)
def test_of_classes_keeps_whole_rows_of_those_names(names: Collection[str], kept: list[int]) -> None:
    assert rows_of(detections().of_classes(names)) == [ROWS[index] for index in kept]


def test_clipped_cuts_boxes_at_the_edge_and_leaves_the_original() -> None:
    found = detections([((-40, -30, 700, 500), 0.5, 0), ((650, 500, 660, 510), 0.5, 0)])
    assert found.clipped().boxes.tolist() == [[0, 0, 640, 480], [640, 480, 640, 480]]
    assert found.boxes.tolist() == [[-40, -30, 700, 500], [650, 500, 660, 510]]


@pytest.mark.parametrize(
    ("size_wh", "box"),
    [((320, 240), [5, 10, 55, 110]), ((1280, 240), [20, 10, 220, 110]), ((640, 480), [10, 20, 110, 220])],
    ids=["half", "stretched", "same"],
)
def test_resized_scales_each_axis_by_its_own_factor(size_wh: tuple[int, int], box: list[int]) -> None:
    resized = detections(ROWS[:1]).resized(size_wh)
    assert (resized.boxes.tolist(), resized.size_wh) == ([box], size_wh)
    assert resized.boxes.dtype == np.float32


def test_every_method_works_on_no_detections() -> None:
    none = detections([])
    for same in (none.above(0), none.of_classes(NAMES), none.clipped(), none.resized((10, 10))):
        assert (len(same), same.boxes.shape, same.counts()) == (0, (0, 4), {})
