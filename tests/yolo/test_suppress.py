import numpy as np
import pytest

from detector.settings import Suppression
from detector.yolo.suppress import Candidates, candidates, cxcywh_to_xyxy, suppress, xyxy_to_xywh


def made(boxes: list[list[float]], scores: list[float], ids: list[int]) -> Candidates:
    return Candidates(
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(scores, dtype=np.float32),
        np.array(ids, dtype=np.int64),
    )


def iou(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common)


def slow_suppress(found: Candidates, nms_iou: float, per_class: bool) -> list[int]:
    """Greedy suppression as the textbooks have it; the indices that stay."""
    kept: list[int] = []
    for i in sorted(range(len(found.scores)), key=lambda i: -found.scores[i]):
        rivals = [k for k in kept if not per_class or found.class_ids[k] == found.class_ids[i]]
        if all(iou(found.boxes[i].tolist(), found.boxes[k].tolist()) <= nms_iou for k in rivals):
            kept.append(i)
    return kept


@pytest.mark.parametrize("suppression", ["agnostic", "class"])
@pytest.mark.parametrize("seed", range(5))
def test_suppression_equals_the_textbooks(seed: int, suppression: Suppression) -> None:
    rng = np.random.default_rng(seed)
    corners, sizes = rng.uniform(0, 0.7, (60, 2)), rng.uniform(0.05, 0.3, (60, 2))
    boxes = np.concatenate([corners, corners + sizes], axis=1)
    found = made(boxes.tolist(), rng.uniform(0.1, 1, 60).tolist(), rng.integers(0, 3, 60).tolist())
    expected = slow_suppress(found, 0.3, suppression == "class")
    kept = suppress(found, 0.3, suppression)
    assert 10 < len(expected) < 60
    np.testing.assert_array_equal(kept.scores, found.scores[expected])
    np.testing.assert_array_equal(kept.boxes, found.boxes[expected])


def test_nothing_in_gives_nothing_out() -> None:
    assert len(suppress(made([], [], []), 0.3, "agnostic").scores) == 0


@pytest.mark.parametrize(("suppression", "kept"), [("agnostic", [0]), ("class", [0, 1])])
def test_two_classes_in_one_place_are_both_kept_only_per_class(
    suppression: Suppression, kept: list[int]
) -> None:
    found = made([[0, 0, 1, 1], [0, 0, 1, 1]], [0.9, 0.8], [0, 1])
    assert suppress(found, 0.3, suppression).class_ids.tolist() == kept


def test_boxes_that_only_touch_are_both_kept() -> None:
    found = made([[0, 0, 1, 1], [1, 0, 2, 1]], [0.9, 0.8], [0, 0])
    assert len(suppress(found, 0.0, "agnostic").scores) == 2


def test_a_row_speaks_for_its_best_class_when_that_is_over_the_confidence() -> None:
    rows = np.array([[0.5, 0.5, 0.2, 0.4, 0.9, 0.1, 0.6], [0.5, 0.5, 1, 1, 0.9, 0.5, 0.2]], dtype=np.float32)
    found = candidates(rows, 0.5)
    assert found.class_ids.tolist() == [1]
    np.testing.assert_allclose(found.boxes, [[0.4, 0.3, 0.6, 0.7]], rtol=1e-6)


def test_a_box_without_end_is_no_candidate() -> None:
    rows = np.array([[0.5, 0.5, np.inf, 1, 0.9, 0.9]], dtype=np.float32)
    assert len(candidates(rows, 0.5).scores) == 0


def test_box_notations_convert() -> None:
    xyxy = cxcywh_to_xyxy(np.array([[5, 6, 4, 2]], dtype=np.float32))
    np.testing.assert_array_equal(xyxy, [[3, 5, 7, 7]])
    np.testing.assert_array_equal(xyxy_to_xywh(xyxy), [[3, 5, 4, 2]])
