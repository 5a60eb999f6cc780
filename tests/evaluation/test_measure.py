"""By hand where the answer is known, and against pycocotools called on written JSON where it is not."""

import contextlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from detector.errors import DetectorError
from detector.evaluation.measure import measure
from detector.evaluation.scores import Scores
from detector.evaluation.truth import Example, example
from detector.values import Detections
from tests.evaluation.builders import (
    NAMES,
    SIZE_WH,
    Labelled,
    Scored,
    found,
    labelled,
    random_findings,
    random_objects,
)

ANT, CAT = (0, (10.0, 20.0, 40.0, 40.0)), (2, (100.0, 10.0, 60.0, 80.0))
WHOLE: Any = pytest.approx(1.0)
NOTHING: Any = pytest.approx(0.0)


def score(objects: Sequence[Labelled], scored: Sequence[Scored], confidence: float = 0.5) -> Scores:
    return measure([labelled(*objects)], [found(*scored)], NAMES, confidence)


def near(value: float) -> Any:
    """Of type Any, since mypy holds that a float never equals what pytest.approx returns."""
    return pytest.approx(value)


def moved(by: float) -> Labelled:
    """ANT's box, 40 wide, to the right: its IoU with ANT is (40 - by) / (40 + by)."""
    class_id, (x, y, width, height) = ANT
    return class_id, (x + by, y, width, height)


def test_perfect_detections_score_one() -> None:
    scores = score([ANT, CAT], [(0.9, ANT), (0.8, CAT)])
    assert (scores.ap, scores.ap50, scores.ap75, scores.recall) == (WHOLE,) * 4
    assert [(each.name, each.objects, each.ap) for each in scores.classes] == [
        ("ant", 1, WHOLE),
        ("cat", 1, WHOLE),
    ]
    assert (scores.operating.precision, scores.operating.recall) == (1, 1)


def test_the_first_object_of_the_first_picture_counts_as_found() -> None:
    assert score([ANT], [(0.9, ANT)]).operating.precision == 1  # pycocotools takes the number 0 for no match


@pytest.mark.parametrize(
    "scored",
    [
        pytest.param([], id="nothing found"),
        pytest.param([(0.9, (1, ANT[1]))], id="another class"),
        pytest.param([(0.9, (0, (150.0, 60.0, 20.0, 20.0)))], id="elsewhere"),
        pytest.param([(0.9, moved(13.5))], id="an IoU of 0.495"),
    ],
)
def test_what_is_not_found_scores_zero(scored: list[Scored]) -> None:
    scores = score([ANT], scored)
    assert (scores.ap, scores.ap50, scores.recall) == (NOTHING,) * 3
    assert scores.operating.precision == (0 if scored else None)
    assert scores.operating.recall == 0


@pytest.mark.parametrize(
    ("by", "ious"),
    [
        pytest.param(13.2, 1, id="0.504 is right at 0.5 only"),
        pytest.param(9.0, 3, id="0.633 is right at 0.5, 0.55 and 0.6"),
        pytest.param(0.5, 10, id="0.975 is right at all ten"),
    ],
)
def test_a_shifted_box_is_right_at_the_ious_that_it_reaches(by: float, ious: int) -> None:
    scores = score([ANT], [(0.9, moved(by))])
    assert (scores.ap, scores.ap50, scores.recall) == (
        near(ious / 10),
        WHOLE,
        near(ious / 10),
    )


def test_a_second_box_on_one_object_is_wrong() -> None:
    operating = score([ANT], [(0.9, ANT), (0.8, moved(1))]).operating
    assert (operating.detections, operating.precision, operating.recall) == (2, 0.5, 1)


def test_a_detection_in_a_crowd_is_neither_right_nor_wrong() -> None:
    truth = labelled(CAT, ANT, crowds=[False, True])
    scores = measure([truth], [found((0.9, CAT), (0.8, moved(2)), (0.7, moved(4)))], NAMES, 0.5)
    assert (scores.objects, scores.operating.detections, scores.ap) == (1, 1, WHOLE)
    assert [each.name for each in scores.classes] == ["cat"]


def test_precision_and_recall_are_told_at_the_confidence_and_mean_precision_is_not() -> None:
    scored = [(0.9, ANT), (0.4, CAT), (0.3, (1, ANT[1]))]
    high, low = (score([ANT, CAT], scored, confidence) for confidence in (0.5, 0.2))
    assert (high.operating.precision, high.operating.recall) == (1, 0.5)
    assert (low.operating.precision, low.operating.recall) == (near(2 / 3), 1)
    assert high.ap == low.ap == WHOLE


def test_objects_are_told_apart_by_the_area_of_their_box() -> None:
    small, medium, large = (
        (0, (5.0, 5.0, 31.0, 31.0)),
        (0, (50.0, 5.0, 40.0, 40.0)),
        (0, (95.0, 1.0, 99.0, 98.0)),
    )
    scores = score([small, medium, large], [(0.9, small), (0.8, large)])
    assert (scores.ap_small, scores.ap_medium, scores.ap_large) == (WHOLE, NOTHING, WHOLE)
    assert score([small], []).ap_large is None


def test_calibration_compares_scores_with_how_often_they_are_right() -> None:
    scores = score([ANT], [(0.85, ANT), (0.82, (1, ANT[1])), (0.05, CAT)])
    low, high = scores.calibration[0], scores.calibration[8]
    assert (low.detections, low.precision) == (1, 0)
    assert (high.detections, high.score, high.precision) == (2, near(0.835), 0.5)
    assert scores.calibration_error == near(0.335)  # the lowest tenth does not count
    assert sum(each.detections for each in scores.calibration) == 3


def test_nothing_labelled_is_told() -> None:
    with pytest.raises(DetectorError, match="nothing is labelled in any picture"):
        measure([labelled()], [found((0.9, ANT))], NAMES, 0.5)


def test_shares_are_laid_over_the_picture_as_it_was_detected_in() -> None:
    truth = example(Path("a.png"), [0], [[0.25, 0.5, 0.25, 0.25]])
    scores = measure([truth], [found((0.9, (0, (100, 100, 100, 50))), size_wh=(400, 200))], NAMES, 0.5)
    assert scores.ap == WHOLE


def test_labels_of_a_sideways_picture_are_refused() -> None:
    with pytest.raises(DetectorError, match="has 100 x 200 pixels once upright, its labels say 200 x 100"):
        measure([labelled(ANT)], [found(size_wh=(100, 200))], NAMES, 0.5)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_pycocotools_on_written_json(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    truths = [random_objects(rng, 6) for _ in range(12)]
    examples = [labelled(*each, crowds=[bool(rng.random() < 0.1) for _ in each]) for each in truths]
    detections = [found(*random_findings(rng, each)) for each in truths]
    scores = measure(examples, detections, NAMES, 0.5)
    oracle = pycocotools_says(examples, detections, tmp_path)
    own = (scores.ap, scores.ap50, scores.ap75, scores.ap_small, scores.ap_medium, scores.ap_large)
    assert [-1 if each is None else each for each in own] == pytest.approx(
        oracle.stats[:6].tolist(), abs=1e-9
    )
    assert scores.recall == pytest.approx(float(oracle.stats[8]), abs=1e-9)
    of_classes = oracle.eval["precision"][:, :, :, 0, 2].mean(axis=(0, 1)).tolist()
    assert [each.ap for each in scores.classes] == pytest.approx([each for each in of_classes if each > -1])
    assert 0.1 < (scores.ap or 0) < 0.9


def pycocotools_says(examples: Sequence[Example], detections: Sequence[Detections], folder: Path) -> COCOeval:
    """As its own demonstration does: ground truth and results from two files, then summarize()."""
    truth_file, results_file = folder / "truth.json", folder / "results.json"
    annotations = [
        {
            "image_id": i,
            "category_id": 1 + class_id,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "iscrowd": int(crowd),
        }
        for i, each in enumerate(examples, start=1)
        for class_id, (x1, y1, x2, y2), crowd in zip(
            each.class_ids.tolist(), each.boxes.tolist(), each.crowds, strict=True
        )
    ]
    numbered = [
        {"id": i, "area": each["bbox"][2] * each["bbox"][3], **each}
        for i, each in enumerate(annotations, start=1)
    ]
    images = [
        {"id": i, "file_name": f"{i}.png", "width": SIZE_WH[0], "height": SIZE_WH[1]}
        for i in range(1, len(examples) + 1)
    ]
    categories = [{"id": i, "name": name} for i, name in enumerate(NAMES, start=1)]
    truth_file.write_text(json.dumps({"images": images, "categories": categories, "annotations": numbered}))
    results = [
        {"image_id": i, "category_id": 1 + class_id, "bbox": [x1, y1, x2 - x1, y2 - y1], "score": score}
        for i, each in enumerate(detections, start=1)
        for class_id, (x1, y1, x2, y2), score in zip(
            each.class_ids.tolist(), each.boxes.tolist(), each.scores.tolist(), strict=True
        )
    ]
    results_file.write_text(json.dumps(results))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(truth_file))
        evaluation = COCOeval(truth, truth.loadRes(str(results_file)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation
