"""Two Detections of one picture -> where they agree, without ground truth.

Agreement is not accuracy: both may miss the same thing, and both may be wrong in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from detector.values import Detections, Floats

Kind = Literal["both", "only a", "only b", "renamed"]
Matches = list[tuple[int, int]]  # (index in a, index in b)
Mask = npt.NDArray[np.bool_]

WHO: dict[Kind, str] = {"both": "both", "only a": "only A", "only b": "only B", "renamed": "other name"}
KINDS = tuple(WHO)  # in the order of pairs and rows
COLUMNS = ("#", "who", "label A", "label B", "score A", "score B", "IoU")


@dataclass(frozen=True)
class Pair:
    """One thing that a, b or both found; `renamed` is the same place under another name.

    a, b: indices into the two Detections, None where that one did not find it.
    iou: intersection over union of the two boxes, 0 to 1; 0.0 when one is alone.
    """

    kind: Kind
    a: int | None
    b: int | None
    iou: float = 0.0

    def __post_init__(self) -> None:
        if (self.a is not None, self.b is not None) != (self.kind != "only b", self.kind != "only a"):
            raise ValueError(f"a pair of kind {self.kind!r} does not have the indices {self.a} and {self.b}")


@dataclass(frozen=True)
class Agreement:
    """Every detection of a and of b, each in exactly one pair.

    How far two models say the same, not how often they are right.
    """

    pairs: tuple[Pair, ...]

    def __post_init__(self) -> None:
        for side in ([pair.a for pair in self.pairs], [pair.b for pair in self.pairs]):
            indices = sorted(index for index in side if index is not None)
            if indices != list(range(len(indices))):
                raise ValueError(f"each detection stands in exactly one pair, but the indices are {indices}")

    @property
    def lengths(self) -> tuple[int, int]:
        """How many detections a and b have."""
        return len(self.pairs) - self.counts["only b"], len(self.pairs) - self.counts["only a"]

    @property
    def counts(self) -> dict[Kind, int]:
        """How many pairs there are of each of the four kinds."""
        return {kind: len(self.of_kind(kind)) for kind in KINDS}

    @property
    def rate(self) -> float:
        """The share of pairs that are `both`, 0 to 1; 1.0 when neither found anything. It is no accuracy."""
        return self.counts["both"] / len(self.pairs) if self.pairs else 1.0

    def of_kind(self, kind: Kind) -> tuple[Pair, ...]:
        """The pairs of that kind, in their order."""
        return tuple(pair for pair in self.pairs if pair.kind == kind)


@dataclass(frozen=True)
class Summary:
    """Many pictures: how many pairs of each kind in all, and the pictures' names, the most different first."""

    counts: dict[Kind, int]
    pictures: tuple[str, ...]


def compare(a: Detections, b: Detections, iou: float = 0.5) -> Agreement:
    """What a and b, found in the same picture, have in common: one to one, at an IoU of `iou` or more.

    First boxes of the same class name are matched, by falling IoU, then what is left, whatever its name. As in
    COCO's evaluation this is greedy: the closest boxes are sure to be together, but another choice may match more.
    Of equal overlaps the surer detection's counts first; swapping a and b gives the mirror image.

    Pairs are sorted by kind, as in `KINDS`, then by index in a, then in b.
    """
    if a.size_wh != b.size_wh:
        raise ValueError(f"only detections of one picture compare, not of {a.size_wh} and {b.size_wh} pixels")
    if not 0 < iou <= 1:
        raise ValueError(f"boxes match at an IoU over 0 and up to 1, not {iou}")
    overlaps = iou_matrix(a.boxes, b.boxes)  # (N, M)
    close = (overlaps > 0) & (overlaps >= np.float32(iou))
    same = np.array(a.labels, dtype=object)[:, None] == np.array(b.labels, dtype=object)
    both = _match(overlaps, close & same)
    renamed = _match(overlaps, _without(both, close & ~same))
    in_a, in_b = ({match[side] for match in both + renamed} for side in (0, 1))
    return Agreement(
        (
            *(Pair("both", i, j, float(overlaps[i, j])) for i, j in sorted(both)),
            *(Pair("only a", i, None) for i in range(len(a)) if i not in in_a),
            *(Pair("only b", None, j) for j in range(len(b)) if j not in in_b),
            *(Pair("renamed", i, j, float(overlaps[i, j])) for i, j in sorted(renamed)),
        )
    )


def iou_matrix(boxes_a: Floats, boxes_b: Floats) -> Floats:
    """Intersection over union, 0 to 1, of each of boxes_a (N, 4) with each of boxes_b (M, 4): float32 (N, M).

    Boxes are x1 y1 x2 y2, finite, all in one unit. One without area has an IoU of 0 with every other.
    """
    one, other = boxes_a[:, None].astype(np.float64), boxes_b[None].astype(np.float64)
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])  # (N, M, 2)
    common = sides.clip(0).prod(axis=2)  # (N, M)
    union = _areas(one) + _areas(other) - common
    ious = np.divide(common, union, out=np.zeros_like(common), where=common > 0)
    return np.asarray(ious, dtype=np.float32)


def ordered(agreement: Agreement, a: Detections, b: Detections) -> list[Pair]:
    """The pairs of `compare(a, b)` as people read them: by kind, as in `KINDS`, then by falling score.

    The score is the better of the two.
    """
    if agreement.lengths != (len(a), len(b)):
        raise ValueError("these are not the detections that were compared")
    return sorted(agreement.pairs, key=lambda pair: (KINDS.index(pair.kind), -_best_score(pair, a, b)))


def rows(agreement: Agreement, a: Detections, b: Detections) -> list[dict[str, int | float | str | None]]:
    """A row for each pair, in the order of `ordered`, keyed by `COLUMNS`; None where one side is absent.

    Numbered from 1. Scores and IoU are 0 to 1.
    """
    table: list[dict[str, int | float | str | None]] = []
    for number, pair in enumerate(ordered(agreement, a, b), start=1):
        (label_a, score_a), (label_b, score_b) = _cells(a, pair.a), _cells(b, pair.b)
        iou = None if pair.a is None or pair.b is None else pair.iou
        cells = (number, WHO[pair.kind], label_a, label_b, score_a, score_b, iou)
        table.append(dict(zip(COLUMNS, cells, strict=True)))
    return table


def summarise(agreements: Sequence[tuple[str, Agreement]]) -> Summary:
    """Totals over pictures, each a name with its agreement.

    The names are sorted by how many pairs are not `both`, the most first, and by name where these are equal.
    """
    counts = {kind: sum(agreement.counts[kind] for _, agreement in agreements) for kind in KINDS}
    ranks = sorted(
        (len(agreement.of_kind("both")) - len(agreement.pairs), name) for name, agreement in agreements
    )
    return Summary(counts, tuple(name for _, name in ranks))


def _match(overlaps: Floats, allowed: Mask) -> Matches:
    """One to one among the allowed (N, M), the greatest overlap first.

    Of equal overlaps in a row or a column the lower index, so the surer detection, goes first. Others do not compete,
    so it makes no difference that rows are gone through before columns, and a and b may be swapped.
    """
    i, j = np.nonzero(allowed)  # sorted by i, then j
    order = np.argsort(-overlaps[i, j], kind="stable")
    matches: dict[int, int] = {}
    taken: set[int] = set()
    for one, other in zip(i[order].tolist(), j[order].tolist(), strict=True):
        if one not in matches and other not in taken:
            matches[one] = other
            taken.add(other)
    return list(matches.items())


def _without(matches: Matches, allowed: Mask) -> Mask:
    """The same (N, M) with the rows and columns of what is matched struck out."""
    left = allowed.copy()
    for i, j in matches:
        left[i, :] = left[:, j] = False
    return left


def _areas(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(..., 4) x1 y1 x2 y2 -> (...)."""
    areas: npt.NDArray[np.float64] = (boxes[..., 2:] - boxes[..., :2]).prod(axis=-1)
    return areas


def _best_score(pair: Pair, a: Detections, b: Detections) -> float:
    sides = (a, pair.a), (b, pair.b)
    return max(float(found.scores[index]) for found, index in sides if index is not None)


def _cells(found: Detections, index: int | None) -> tuple[str | None, float | None]:
    if index is None:
        return None, None
    return found.names[int(found.class_ids[index])], float(found.scores[index])
