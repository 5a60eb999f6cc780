"""Boxes and name plates, judged by the pixels that they change."""

import numpy as np
import numpy.typing as npt
import pytest

from detector.pictures.draw import Look, beside, draw, draw_lit
from detector.pictures.palette import class_colour
from detector.values import Detections, Picture
from tests.builders import noise_picture

Box = tuple[float, float, float, float]
PLATES_ONLY = Look(boxes=False)
BOXES_ONLY = Look(labels=False, scores=False)
MIDDLE: Box = (100, 80, 200, 150)


def grey(width: int = 300, height: int = 200) -> Picture:
    """No colour that is drawn equals this grey, so every pixel drawn differs from it."""
    return Picture(np.full((height, width, 3), 127, dtype=np.uint8))


def found(
    *boxes: Box, size_wh: tuple[int, int] = (300, 200), class_ids: list[int] | None = None
) -> Detections:
    return Detections(
        boxes=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        scores=np.full(len(boxes), 0.9, dtype=np.float32),
        class_ids=np.array(class_ids or [0] * len(boxes), dtype=np.int64),
        names=("dog", "bicycle", "cat"),
        size_wh=size_wh,
    )


def changed(picture: Picture, detections: Detections, look: Look) -> npt.NDArray[np.bool_]:
    """Which pixels drawing changes, (height, width)."""
    mask: npt.NDArray[np.bool_] = (draw(picture, detections, look).pixels != picture.pixels).any(axis=2)
    return mask


def bounds(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """x1 y1 x2 y2 around what is set, x2 and y2 just past it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def size_of(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    x1, y1, x2, y2 = bounds(mask)
    return x2 - x1, y2 - y1


def test_drawing_leaves_the_source_and_gives_a_picture_of_the_same_size() -> None:
    picture = noise_picture(300, 200)
    before = picture.pixels.copy()
    drawn = draw(picture, found(MIDDLE))
    assert drawn.size_wh == (300, 200)
    assert not np.array_equal(drawn.pixels, before)
    assert np.array_equal(picture.pixels, before)


@pytest.mark.parametrize(
    ("detections", "look"),
    [(found(), Look()), (found(MIDDLE), Look(boxes=False, labels=False, scores=False))],
    ids=["no detections", "all switched off"],
)
def test_nothing_to_draw_gives_equal_pixels(detections: Detections, look: Look) -> None:
    assert not changed(grey(), detections, look).any()


def test_box_is_a_hollow_frame_on_its_outermost_pixels() -> None:
    mask = changed(grey(), found(MIDDLE), BOXES_ONLY)
    assert bounds(mask) == MIDDLE
    assert mask[80, 100:200].all()
    assert mask[149, 100:200].all()
    assert mask[80:150, 100].all()
    assert mask[80:150, 199].all()
    assert not mask[90:140, 110:190].any()


@pytest.mark.parametrize(
    ("box", "shown"),
    [((-500, -500, 900, 900), (0, 0, 300, 200)), ((250, 150, 400, 400), (250, 150, 300, 200))],
    ids=["all round", "at a corner"],
)
def test_box_that_leaves_the_picture_is_framed_at_its_edge(box: Box, shown: Box) -> None:
    assert bounds(changed(grey(), found(box), BOXES_ONLY)) == shown


def test_plate_lies_on_the_top_left_of_its_box() -> None:
    x1, _, _, y2 = bounds(changed(grey(), found(MIDDLE), PLATES_ONLY))
    assert (x1, y2) == MIDDLE[:2]


@pytest.mark.parametrize(
    "box",
    [
        (100, 0, 200, 60),
        (0, 80, 90, 150),
        (260, 80, 300, 150),
        (100, 150, 200, 200),
        (290, 0, 300, 10),
        (0, 199, 300, 200),
        (-500, -500, 900, 900),
        (310, 210, 350, 250),
    ],
    ids=["top", "left", "right", "bottom", "corner", "sliver", "bigger than the picture", "outside"],
)
def test_plate_lies_whole_inside_the_picture(box: Box) -> None:
    whole = changed(grey(), found(MIDDLE), PLATES_ONLY)
    mask = changed(grey(), found(box), PLATES_ONLY)
    assert (size_of(mask), mask.sum()) == (size_of(whole), whole.sum())


@pytest.mark.parametrize(
    "boxes",
    [
        [MIDDLE] * 4,
        [MIDDLE, (105, 85, 205, 155), (95, 75, 195, 145)],
        [(100, 0, 200, 100)] * 3,
        [(0, 0, 300, 200)] * 2,
        [(280, 80, 300, 150), (290, 82, 300, 150)],
    ],
    ids=["same box", "neighbours", "at the top", "whole picture", "at the right"],
)
def test_plates_lie_apart_where_there_is_room(boxes: list[Box]) -> None:
    one = changed(grey(), found(MIDDLE), PLATES_ONLY).sum()
    assert changed(grey(), found(*boxes), PLATES_ONLY).sum() == len(boxes) * one


def test_surest_detection_lies_on_top() -> None:
    drawn = draw(grey(), found(MIDDLE, MIDDLE, class_ids=[2, 0]))
    assert tuple(drawn.pixels[149, 199].tolist()) == class_colour(2)


def test_text_grows_with_the_picture() -> None:
    small, large = (
        size_of(changed(grey(side, side), found((0, 0, side, side), size_wh=(side, side)), PLATES_ONLY))
        for side in (520, 2080)
    )
    assert large == pytest.approx((4 * small[0], 4 * small[1]), rel=0.1)


def test_text_shrinks_where_the_picture_is_narrow() -> None:
    wide, narrow = (
        size_of(changed(grey(width), found((0, 50, 40, 150), size_wh=(width, 200)), PLATES_ONLY))
        for width in (300, 40)
    )
    assert wide[0] > 40 >= narrow[0]
    assert narrow[1] < wide[1]


def test_drawing_on_a_smaller_copy_puts_boxes_at_scaled_places() -> None:
    detections = found((40, 60, 200, 160), size_wh=(600, 400))
    assert bounds(changed(grey(300, 100), detections, BOXES_ONLY)) == (20, 15, 100, 40)


@pytest.mark.parametrize(
    ("look", "text"),
    [
        (Look(), "dog 0.93"),
        (Look(scores=False), "dog"),
        (Look(labels=False), "0.93"),
        (Look(numbers=True), "7 dog 0.93"),
        (Look(numbers=True, labels=False, scores=False), "7"),
        (BOXES_ONLY, ""),
    ],
    ids=["both", "label", "score", "all", "number", "nothing"],
)
def test_look_says_what_the_plate_says(look: Look, text: str) -> None:
    assert look.text(7, "dog", 0.9345) == text


def test_plate_is_as_wide_as_its_text() -> None:
    both, label, score = (
        size_of(changed(grey(), found(MIDDLE), Look(boxes=False, labels=labels, scores=scores)))[0]
        for labels, scores in ((True, True), (True, False), (False, True))
    )
    assert max(label, score) < both < label + score


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 300), (300, 2), (20, 20)], ids=str)
def test_tiny_pictures_can_be_drawn_on(size_wh: tuple[int, int]) -> None:
    everywhere = found((0, 0, *size_wh), size_wh=size_wh, class_ids=[1])
    assert draw(grey(*size_wh), everywhere).size_wh == size_wh


def test_detections_are_numbered_from_one_or_as_told() -> None:
    numbered = Look(boxes=False, numbers=True, labels=False, scores=False)
    detections = found((0, 50, 50, 100), (100, 50, 150, 100))
    own = draw(grey(), detections, numbered).pixels
    assert np.array_equal(own, draw(grey(), detections, numbered, [1, 2]).pixels)
    assert not np.array_equal(own, draw(grey(), detections, numbered, [2, 1]).pixels)


def test_what_is_not_lit_is_dimmed_and_what_the_box_holds_is_not() -> None:
    detections = found((20, 60, 60, 100), MIDDLE, class_ids=[1, 2])
    lit = draw_lit(grey(), detections, 1, BOXES_ONLY).pixels
    assert (lit[100:140, 120:180] == 127).all()
    assert (lit[180:, 220:] == 42).all()
    assert tuple(lit[149, 199].tolist()) == class_colour(2)
    assert tuple(lit[99, 59].tolist()) == tuple(channel // 3 for channel in class_colour(1))


def test_two_pictures_stand_beside_each_other_with_a_gap() -> None:
    one, other = noise_picture(300, 200, seed=1), noise_picture(300, 200, seed=2)
    both = beside(one, other).pixels
    assert both.shape == (200, 604, 3)
    assert np.array_equal(both[:, :300], one.pixels)
    assert np.array_equal(both[:, 304:], other.pixels)
    assert (both[:, 300:304] == 255).all()
