"""Examples and what was found in them -> Scores, by pycocotools."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from detector.errors import DetectorError
from detector.evaluation.scores import Bin, ClassScores, Operating, Scores, Share
from detector.evaluation.truth import Boxes, Example
from detector.values import Detections

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval

# A detection that scores less changes no figure that could be read; one that scores more, left out, takes the
# tail of the precision-recall curve and with it several points of mAP.
FLOOR = 0.001
_ALL, _SMALL, _MEDIUM, _LARGE = range(4)  # COCOeval's ranges of area
_AT_50, _AT_75 = 0, 5  # its IoUs are 0.5, 0.55 ... 0.95
Numbers = npt.NDArray[np.float64]


def measure(
    examples: Sequence[Example], found: Sequence[Detections], names: Sequence[str], confidence: float
) -> Scores:
    """COCO's figures for what was `found` in each of the examples at FLOOR, without a higher confidence.

    confidence: where precision and recall are told besides. Raises DetectorError without a labelled object.
    """
    if not any((~example.crowds).any() for example in examples):
        raise DetectorError("nothing is labelled in any picture; without objects there is nothing to measure")
    evaluation = _evaluate(examples, found, len(names))
    precision, recall = evaluation.eval["precision"][..., -1], evaluation.eval["recall"][..., -1]
    counts = _counts(examples, len(names))
    scores, right = _matches(evaluation)
    bins = _bins(scores, right)
    return Scores(
        pictures=len(examples),
        objects=int(counts.sum()),
        ap=_mean(precision[:, :, :, _ALL]),
        ap50=_mean(precision[_AT_50, :, :, _ALL]),
        ap75=_mean(precision[_AT_75, :, :, _ALL]),
        recall=_mean(recall[:, :, _ALL]),
        ap_small=_mean(precision[..., _SMALL]),
        ap_medium=_mean(precision[..., _MEDIUM]),
        ap_large=_mean(precision[..., _LARGE]),
        operating=_operating(scores, right, confidence, int(counts.sum())),
        calibration_error=_calibration_error(bins),
        classes=tuple(_classes(names, counts, precision[..., _ALL], recall[..., _ALL])),
        curve=tuple(_mean(column) for column in precision[_AT_50, :, :, _ALL]),
        calibration=bins,
    )


def _evaluate(examples: Sequence[Example], found: Sequence[Detections], classes: int) -> "COCOeval":
    from pycocotools.cocoeval import COCOeval

    boxes = [
        example.boxes_in(detections.size_wh) for example, detections in zip(examples, found, strict=True)
    ]
    objects = [
        {"image_id": i, "category_id": int(class_id), "iscrowd": int(crowd), **_box(box)}
        for i, (example, own) in enumerate(zip(examples, boxes, strict=True))
        for class_id, crowd, box in zip(example.class_ids, example.crowds, own, strict=True)
    ]
    detections = [
        {"image_id": i, "category_id": int(class_id), "iscrowd": 0, "score": float(score), **_box(box)}
        for i, each in enumerate(found)
        for class_id, score, box in zip(
            each.class_ids, each.scores, each.boxes.astype(np.float64), strict=True
        )
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        evaluation = COCOeval(
            _coco(objects, len(examples), classes), _coco(detections, len(examples), classes), "bbox"
        )
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _coco(entries: Sequence[dict[str, Any]], pictures: int, classes: int) -> Any:
    """A table of entries for pycocotools; they are numbered from 1, because it takes a match with 0 for none."""
    from pycocotools.coco import COCO

    dataset: Any = {
        "images": [{"id": i} for i in range(pictures)],
        "categories": [{"id": i} for i in range(classes)],
        "annotations": [{"id": i, **entry} for i, entry in enumerate(entries, start=1)],
    }
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def _box(box: Boxes) -> dict[str, Any]:
    x1, y1, x2, y2 = box.tolist()
    return {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}


def _counts(examples: Sequence[Example], classes: int) -> npt.NDArray[np.int64]:
    """How many objects there are of each class, crowds apart: int64 (classes,)."""
    ids = np.concatenate([example.class_ids[~example.crowds] for example in examples])
    return np.bincount(ids, minlength=classes)


def _classes(
    names: Sequence[str], counts: npt.NDArray[np.int64], precision: Numbers, recall: Numbers
) -> Iterator[ClassScores]:
    """Each class with objects; precision is (IoUs, recalls, classes), recall (IoUs, classes)."""
    for i in np.flatnonzero(counts).tolist():
        own, at_50 = precision[:, :, i], precision[_AT_50, :, i]
        yield ClassScores(names[i], int(counts[i]), _mean(own), _mean(at_50), _mean(recall[:, i]))


def _matches(evaluation: "COCOeval") -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """The score of every detection, and whether it is right at an IoU of 0.5; those of crowds left out."""
    everything = evaluation.params.areaRng[_ALL]
    scores, right = [np.zeros(0)], [np.zeros(0, dtype=bool)]
    for entry in evaluation.evalImgs:
        if entry is not None and entry["aRng"] == everything:
            counted = ~entry["dtIgnore"][_AT_50].astype(bool)
            scores.append(np.asarray(entry["dtScores"], dtype=np.float64)[counted])
            right.append(entry["dtMatches"][_AT_50][counted] > 0)
    return np.concatenate(scores), np.concatenate(right)


def _operating(scores: Numbers, right: npt.NDArray[np.bool_], confidence: float, objects: int) -> Operating:
    kept = right[scores > confidence]
    precision = float(kept.mean()) if len(kept) else None
    return Operating(confidence, len(kept), precision, int(kept.sum()) / objects)


def _bins(scores: Numbers, right: npt.NDArray[np.bool_]) -> tuple[Bin, ...]:
    bins = []
    for tenth in range(10):
        low, high = tenth / 10, (tenth + 1) / 10
        inside = (scores > low) & (scores <= high)
        n = int(inside.sum())
        score, precision = (float(each[inside].mean()) if n else None for each in (scores, right))
        bins.append(Bin(low, high, n, score, precision))
    return tuple(bins)


def _calibration_error(bins: Sequence[Bin]) -> Share:
    """Expected calibration error (Guo et al., arXiv:1706.04599) over all bins but the lowest."""
    gaps = [
        (each.detections, abs(each.score - each.precision))
        for each in bins[1:]
        if each.score is not None and each.precision is not None
    ]
    n = sum(count for count, _ in gaps)
    return sum(count * gap for count, gap in gaps) / n if n else None


def _mean(values: Numbers) -> Share:
    """COCOeval writes -1 where there is no object."""
    told = values[values > -1]
    return float(told.mean()) if told.size else None
