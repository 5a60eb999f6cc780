"""Values that a network gives on some pictures -> the range of each layer: all that was seen.

Clipping what is rare, by its share or for the least squared error, moved yolov3-tiny's scores further from float32's.
"""

from collections.abc import Iterable, Mapping

from detector.darknet.network import Network, Route
from detector.darknet.ranges import Range, origins
from detector.errors import ModelError
from detector.values import Floats

_SMALLEST = 1e-6  # a layer that is always zero still needs a scale


def find_ranges(network: Network, pictures: Iterable[Mapping[int, Floats]]) -> dict[int, Range]:
    """The lowest and highest value of each layer; layers that a route joins share theirs, and zero is in all.

    pictures: what each layer gave for one picture. Raises ModelError where there are none.
    """
    ranges: dict[int, Range] = {}
    for values in pictures:
        for layer, found in values.items():
            low, high = ranges.get(layer, (0.0, _SMALLEST))
            ranges[layer] = min(low, float(found.min())), max(high, float(found.max()))
    if not ranges:
        raise ModelError("no picture was given to calibrate with")
    return _joined(network, ranges)


def _joined(network: Network, ranges: dict[int, Range]) -> dict[int, Range]:
    """One range for all layers that one route joins: the joint map then needs no second rounding."""
    shared = dict(sorted(ranges.items()))
    for index, layer in enumerate(network.layers):
        group = [origin for origin in origins(network, index) if origin in shared]
        if isinstance(layer, Route) and len(group) > 1:
            low, high = (pick(shared[origin][end] for origin in group) for end, pick in enumerate((min, max)))
            shared.update(dict.fromkeys(group, (low, high)))
    return shared if shared == ranges else _joined(network, shared)  # until no route changes any more
