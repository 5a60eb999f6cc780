from collections.abc import Iterator

import numpy as np
import pytest

from detector.darknet.calibrate import find_ranges
from detector.darknet.network import read_network
from detector.errors import ModelError
from tests.builders import Floats

JOINING_CFG = """
[net]
width=32
height=32

[convolutional]

[convolutional]

[convolutional]

[maxpool]

[route]
layers=-1,1

[route]
layers=0,1

[route]
layers=2

[convolutional]
filters=6

[yolo]
classes=1
anchors=4,5
"""
NETWORK = read_network(JOINING_CFG)


def values_of(factors: dict[int, float]) -> Iterator[dict[int, Floats]]:
    """Two pictures, with values from 0 to 2 and from 0 to 1, times a layer's factor."""
    for largest in (2, 1):
        values = np.linspace(0, largest, 27, dtype=np.float32).reshape(1, 3, 3, 3)
        yield {layer: factor * values for layer, factor in factors.items()}


def test_a_range_holds_all_that_was_seen_and_zero() -> None:
    ranges = find_ranges(NETWORK, values_of({-1: 1, 7: -3}))
    assert ranges == {-1: (0, 2), 7: (-6, pytest.approx(0, abs=1e-5))}
    higher = ({7: values[7] + 10} for values in values_of({7: 1}))
    assert find_ranges(NETWORK, higher) == {7: (0, 12)}


def test_layers_that_routes_join_share_one_range_also_over_several_routes() -> None:
    ranges = find_ranges(NETWORK, values_of({-1: 1, 0: -1, 1: 2, 2: 5, 7: 3}))
    assert ranges[0] == ranges[1] == ranges[2] == (-2, 10)
    assert (ranges[-1], ranges[7]) == ((0, 2), (0, 6))


def test_a_layer_that_is_always_zero_has_a_range_too() -> None:
    low, high = find_ranges(NETWORK, values_of({0: 0}))[0]
    assert low <= 0 < high


def test_no_picture_is_an_error() -> None:
    with pytest.raises(ModelError, match="no picture was given"):
        find_ranges(NETWORK, iter(()))
