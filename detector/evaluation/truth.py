"""What is really in a picture, as somebody labelled it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.errors import DetectorError
from detector.values import Ids

Boxes = npt.NDArray[np.float64]  # float32 would move a box that lies exactly at an IoU of 0.5
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Example:
    """One picture and every object in it.

    boxes: float64 (N, 4), x1 y1 x2 y2, of a picture of `boxes_wh`.
    class_ids: int64 (N,), indices into the model's class names.
    crowds: bool (N,): a box around many, where a detection is neither right nor wrong (COCO's iscrowd).
    boxes_wh: width and height of the picture in the unit of `boxes`; (1, 1) where these are shares of it.
    """

    path: Path
    boxes: Boxes
    class_ids: Ids
    crowds: Mask
    boxes_wh: tuple[float, float] = (1, 1)

    def __post_init__(self) -> None:
        n = len(self.class_ids)
        shapes = self.boxes.shape, self.class_ids.shape, self.crowds.shape
        if shapes != ((n, 4), (n,), (n,)):
            raise ValueError(f"boxes, class_ids and crowds are (N, 4), (N,), (N,), not {shapes}")
        if not (np.isfinite(self.boxes).all() and (self.boxes[:, 2:] >= self.boxes[:, :2]).all()):
            raise ValueError(f"a box of {self.path} is no finite x1 y1 x2 y2")
        if min(self.boxes_wh) <= 0:
            raise ValueError(f"{self.path} has the size {self.boxes_wh}")

    def boxes_in(self, size_wh: tuple[int, int]) -> Boxes:
        """The boxes in pixels of the picture, which has `size_wh`. Raises DetectorError for another shape."""
        factors = np.array(size_wh) / self.boxes_wh
        if self.boxes_wh != (1, 1) and not 0.98 < factors[0] / factors[1] < 1.02:
            width, height = self.boxes_wh
            raise DetectorError(
                f"{self.path} has {size_wh[0]} x {size_wh[1]} pixels once upright,"
                f" its labels say {width:.0f} x {height:.0f}; label the upright picture"
            )
        return self.boxes * np.tile(factors, 2)


def example(
    path: Path,
    class_ids: Sequence[int],
    xywh: Sequence[Sequence[float]],
    crowds: Sequence[bool] | None = None,
    boxes_wh: tuple[float, float] = (1, 1),
) -> Example:
    """An Example from lists; xywh: left, top, width and height of each box."""
    left_top_wh = np.array(xywh, dtype=np.float64).reshape(-1, 4)
    boxes = np.concatenate([left_top_wh[:, :2], left_top_wh[:, :2] + left_top_wh[:, 2:]], axis=1)  # (N, 4)
    no_crowds = [False] * len(class_ids)
    mask = np.array(no_crowds if crowds is None else crowds, dtype=bool)
    return Example(path, boxes, np.array(class_ids, dtype=np.int64), mask, boxes_wh)
