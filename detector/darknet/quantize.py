"""Numbers in eight bits: weights from themselves, activations from a range.

Jacob et al., arXiv:1712.05877: value = scale x (whole - zero). Weights are symmetric, each filter with a scale of
its own; activations are uint8 with a zero point, because a leaky ReLU leaves little below zero.
"""

import numpy as np
import numpy.typing as npt

from detector.values import Floats

# Processors without VNNI multiply uint8 by int8 and add two such products in 16 bits, where they clip: full int8
# weights cost yolov3-tiny 8 points of mAP50 there. The two are of one group of four channels, at one place of the
# kernel (oneDNN: "Nuances of int8 computations"), so it is enough that the two largest of a group stay under this.
PAIR_LEVELS = 127  # 128 once rounded, and 255 x 128 is under 2 ** 15
_LEVELS, _GROUP = 127, 4


def quantise_weights(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """int8 (filters, channels, size, size) and a scale for each filter, float32 (filters,)."""
    peaks = np.abs(weights).max(axis=(1, 2, 3)) / _LEVELS  # (filters,)
    pairs = np.maximum(largest_pair(weights), largest_pair(-weights)) / PAIR_LEVELS
    scales = np.maximum(peaks, pairs)
    scales = np.where(scales > 0, scales, 1).astype(np.float32)
    whole = np.rint(weights / scales[:, None, None, None])
    return whole.clip(-_LEVELS, _LEVELS).astype(np.int8), scales


def largest_pair(weights: Floats) -> Floats:
    """The largest sum of two that are added in 16 bits, without those under zero: float32 (filters,)."""
    filters, channels, height, width = weights.shape
    padded = np.zeros((filters, -(-channels // _GROUP) * _GROUP, height, width), dtype=np.float32)
    padded[:, :channels] = weights.clip(min=0)
    groups = np.sort(
        padded.reshape(filters, -1, _GROUP, height * width), axis=2
    )  # (filters, groups, 4, places)
    sums: Floats = groups[:, :, -2:].sum(axis=2).max(axis=(1, 2))
    return sums


def scale_and_zero(low_high: tuple[float, float]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Scale and zero point, both of shape (), with which uint8 spans the range and holds zero exactly."""
    low, high = low_high
    scale = (high - low) / 255
    return np.array(scale, dtype=np.float32), np.array(round(-low / scale), dtype=np.uint8)
