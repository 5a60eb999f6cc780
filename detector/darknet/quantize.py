"""Numbers in fewer bits: weights from themselves, activations from a range.

Jacob et al., arXiv:1712.05877: value = scale x (whole - zero). Weights are symmetric, each filter with a scale of
its own; activations are uint8 with a zero point, because a leaky ReLU leaves little below zero.
"""

import numpy as np
import numpy.typing as npt

from detector.values import Floats

# Processors without VNNI multiply uint8 by int8 and add two such products in 16 bits, where they clip: weights that
# use all of int8 cost yolov3-tiny 8 points of mAP50 there. The two are of one group of four channels, at one place
# of the kernel (oneDNN: "Nuances of int8 computations"), so it is enough that no two of a group sum to more.
_PAIR_LEVELS = 127  # at most 128 once rounded, and 255 x 128 is under 2 ** 15
_LEVELS, _GROUP = 127, 4


def quantise_weights(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """int8 (filters, channels, size, size) and a scale for each filter, float32 (filters,)."""
    peaks = np.abs(weights).max(axis=(1, 2, 3)) / _LEVELS  # (filters,)
    pairs = np.maximum(largest_pair(weights), largest_pair(-weights)) / _PAIR_LEVELS
    scales = np.maximum(peaks, pairs)
    scales = np.where(scales > 0, scales, 1).astype(np.float32)
    exact = (weights / scales[:, None, None, None]).clip(-_LEVELS, _LEVELS)
    whole = round_balanced(exact.reshape(*weights.shape[:2], -1))
    return whole.astype(np.int8).reshape(weights.shape), scales


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


def round_balanced(exact: Floats) -> Floats:
    """Each number up or down to a whole one, so that the errors of a kernel, and those of a filter, cancel.

    What a kernel reads is alike from place to place, so the sum of its errors is what counts: this takes two fifths
    off what rounded weights do to yolov3-tiny's scores. Guo et al. (SQuant), arXiv:2202.07471.
    exact: (filters, channels, places).
    """
    errors = np.rint(exact) - exact
    for _ in range(exact.shape[2] // 2 + 1):  # each turn mends one place of every kernel that is off
        sums = errors.sum(axis=2)  # (filters, channels)
        if not (off := np.abs(sums) > 0.5).any():
            break
        errors = _turned(errors, np.sign(sums), off)
    sums = errors.sum(axis=(1, 2))  # (filters,)
    sign = np.sign(sums)[:, None]
    worst = (errors * sign[:, :, None]).max(axis=2)  # (filters, channels)
    rank = worst.argsort(axis=1)[:, ::-1].argsort(axis=1)
    errors = _turned(errors, sign, (rank < np.rint(np.abs(sums))[:, None]) & (worst > 0))
    whole: Floats = np.rint(exact + errors)
    return whole


def _turned(errors: Floats, sign: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
    """Errors (filters, channels, places) after one number of each chosen kernel was rounded the other way."""
    place = (errors * sign[:, :, None]).argmax(axis=2)[:, :, None]
    turned = errors.copy()
    changed = np.take_along_axis(errors, place, axis=2) - (sign * chosen)[:, :, None]
    np.put_along_axis(turned, place, changed, axis=2)
    return turned


def scale_and_zero(low_high: tuple[float, float]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Scale and zero point, both of shape (), with which uint8 spans the range and holds zero exactly."""
    low, high = low_high
    scale = (high - low) / 255
    return np.array(scale, dtype=np.float32), np.array(round(-low / scale), dtype=np.uint8)


def round_to_bfloat16(weights: Floats) -> Floats:
    """Weights that bfloat16 holds exactly, so chosen that the errors of a filter cancel. (filters, ...) float32.

    From the largest to the smallest each takes over the error that those before it have made (error diffusion).
    This takes half off what bfloat16 does to yolov3-tiny's scores.
    """
    flat = weights.reshape(len(weights), -1)
    order = np.argsort(-np.abs(flat), axis=1, kind="stable")
    exact = np.take_along_axis(flat, order, axis=1)
    rounded, error = np.empty_like(exact), np.zeros(len(exact), dtype=np.float32)
    for i in range(exact.shape[1]):
        wanted = exact[:, i] + error
        rounded[:, i] = _nearest_bfloat16(wanted)
        error = wanted - rounded[:, i]
    whole = np.empty_like(flat)
    np.put_along_axis(whole, order, rounded, axis=1)
    return whole.reshape(weights.shape)


def _nearest_bfloat16(values: Floats) -> Floats:
    """The upper half of a float32's bits, rounded to nearest, ties to even."""
    bits = values.view(np.uint32)
    upper: Floats = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return upper
