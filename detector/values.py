"""The values that travel through the code: frozen, and checked when made."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture: `pixels` is uint8 (height, width, 3), RGB, upright, and read-only.

    full_wh: width and height before it was reduced while decoding; its own where it was not.
    animated: whether it is the first frame of several.
    """

    pixels: Pixels
    full_wh: tuple[int, int] = (0, 0)
    animated: bool = False

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(
                f"a picture is uint8 (height, width, 3), not {self.pixels.dtype} {self.pixels.shape}"
            )
        if 0 in self.pixels.shape:
            raise ValueError("a picture has at least one pixel")
        view = self.pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)
        if self.full_wh == (0, 0):
            object.__setattr__(self, "full_wh", self.size_wh)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found in one picture, the surest first.

    boxes: float32 (N, 4), x1 y1 x2 y2 in pixels of the picture, origin at its top left corner.
    scores: float32 (N,), 0 to 1: objectness times class probability.
    class_ids: int64 (N,), indices into `names`, the classes that the model knows.
    """

    boxes: Floats
    scores: Floats
    class_ids: Ids
    names: tuple[str, ...]
    size_wh: tuple[int, int]

    def __post_init__(self) -> None:
        n = len(self.scores)
        shapes = self.boxes.shape, self.scores.shape, self.class_ids.shape
        if shapes != ((n, 4), (n,), (n,)):
            raise ValueError(f"boxes, scores and class_ids are (N, 4), (N,), (N,), not {shapes}")
        if n and not 0 <= int(self.class_ids.min()) <= int(self.class_ids.max()) < len(self.names):
            raise ValueError(f"a class id is outside the {len(self.names)} names")
        if (np.diff(self.scores) > 0).any():
            raise ValueError("detections are sorted by falling score")

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def labels(self) -> tuple[str, ...]:
        """The class name of each detection."""
        return tuple(self.names[i] for i in self.class_ids)

    def counts(self) -> dict[str, int]:
        """How many of each class were found, the most frequent first."""
        return dict(Counter(self.labels).most_common())

    def above(self, confidence: float) -> "Detections":
        """Those with a score over `confidence`.

        Greedy suppression lets only a surer box remove another, so this equals detecting at that confidence.
        """
        return self._pick(self.scores > confidence)

    def of_classes(self, names: Collection[str]) -> "Detections":
        """Those whose class name is among `names`."""
        return self._pick(np.array([label in names for label in self.labels], dtype=bool))

    def clipped(self) -> "Detections":
        """The same with every box cut at the edge of the picture; networks also point outside it."""
        return replace(self, boxes=self.boxes.clip(0, np.array(self.size_wh * 2, dtype=np.float32)))

    def resized(self, size_wh: tuple[int, int]) -> "Detections":
        """The same for a smaller or larger copy of the picture."""
        factors = np.array(size_wh, dtype=np.float32) / np.array(self.size_wh, dtype=np.float32)
        return replace(self, boxes=self.boxes * np.tile(factors, 2), size_wh=size_wh)

    def at(self, indices: Sequence[int]) -> "Detections":
        """Those at the indices, which rise, since detections are sorted."""
        return self._pick(np.array(indices, dtype=np.int64))

    def _pick(self, keep: npt.NDArray[np.bool_] | Ids) -> "Detections":
        return replace(self, boxes=self.boxes[keep], scores=self.scores[keep], class_ids=self.class_ids[keep])
