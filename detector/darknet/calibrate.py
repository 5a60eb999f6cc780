"""Values that a network gives on some pictures -> the range of each layer.

Two passes, so that memory holds one picture's values at a time: the extremes, then a histogram between them.
(ONNX Runtime's own calibrators for histograms keep every value of every picture, gigabytes for yolov3.)
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from detector.darknet.network import Network, Route
from detector.darknet.ranges import Range, origins
from detector.errors import ModelError
from detector.values import Floats

_BINS = 2048
_SHARES = np.linspace(0.02, 1.0, 99)  # of an end, tried as the place to clip at
_SMALLEST = 1e-6  # a layer that is always zero still needs a scale
Values = Mapping[int, Floats]  # what layers gave for one picture


def find_ranges(
    network: Network, inputs: Callable[[], Iterable[Floats]], values: Callable[[Floats], Values]
) -> dict[int, Range]:
    """For each layer in `values` the range that loses least in eight bits; layers joined by a route share theirs.

    inputs: gives the same tensors, float32 (1, 3, height, width), each time it is called. Raises ModelError.
    """
    extremes = _extremes(values(tensor) for tensor in inputs())
    histograms = {layer: np.zeros(_BINS) for layer in extremes}
    for tensor in inputs():
        for layer, found in values(tensor).items():
            histograms[layer] += np.histogram(found, _BINS, extremes[layer])[0]
    ranges = {layer: best_range(extremes[layer], histograms[layer]) for layer in sorted(extremes)}
    return _joined(network, ranges)


def best_range(extremes: Range, histogram: npt.NDArray[np.float64]) -> Range:
    """The range with the smallest mean squared error after eight bits, its upper end sought first.

    histogram: counts between the extremes, float64 (bins,).
    """
    low, high = extremes
    edges = np.linspace(low, high, len(histogram) + 1)
    centres = (edges[1:] + edges[:-1]) / 2  # (bins,)
    seen = histogram > 0
    found, weights = centres[seen], histogram[seen]
    high = float(min(high * _SHARES, key=lambda end: _error(found, weights, low, end)))
    low = float(min(low * _SHARES, key=lambda end: _error(found, weights, end, high)))
    return low, high


def _error(
    values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], low: float, high: float
) -> float:
    scale = max(high - low, _SMALLEST) / 255
    zero = round(-low / scale)
    whole = np.rint(values / scale + zero).clip(0, 255)
    return float((weights * (values - (whole - zero) * scale) ** 2).sum())


def _extremes(pictures: Iterable[Values]) -> dict[int, Range]:
    extremes: dict[int, Range] = {}
    for values in pictures:
        for layer, found in values.items():
            low, high = extremes.get(layer, (0.0, _SMALLEST))
            extremes[layer] = min(low, float(found.min())), max(high, float(found.max()))
    if not extremes:
        raise ModelError("no picture was given to calibrate with")
    return extremes


def _joined(network: Network, ranges: dict[int, Range]) -> dict[int, Range]:
    """One range for all layers that one route joins: the joint map then needs no second rounding."""
    shared = dict(ranges)
    for index, layer in enumerate(network.layers):
        group = [origin for origin in origins(network, index) if origin in shared]
        if isinstance(layer, Route) and len(group) > 1:
            low, high = (pick(shared[origin][end] for origin in group) for end, pick in enumerate((min, max)))
            shared.update(dict.fromkeys(group, (low, high)))
    return shared if shared == ranges else _joined(network, shared)  # until no route changes any more
