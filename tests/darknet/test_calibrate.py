from collections.abc import Iterator

import numpy as np
import pytest

from detector.darknet.calibrate import best_range, find_ranges
from detector.darknet.network import read_network
from detector.errors import ModelError
from tests.builders import EVERY_LAYER_CFG, Floats

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


def error(values: Floats, low: float, high: float) -> float:
    """The mean squared error after eight bits, value by value."""
    scale = (high - low) / 255
    zero = round(-low / scale)
    whole = np.clip(np.rint(values / scale) + zero, 0, 255)
    return float(((values - (whole - zero) * scale) ** 2).mean())


def found(values: Floats) -> tuple[float, float]:
    extremes = min(0.0, float(values.min())), max(0.0, float(values.max()))
    return best_range(extremes, np.histogram(values, 2048, extremes)[0].astype(np.float64))


def test_values_without_outliers_keep_nearly_all_of_their_range() -> None:
    low, high = found(np.random.default_rng(0).uniform(-1, 3, 100_000).astype(np.float32))
    assert low == pytest.approx(-1, abs=0.05)
    assert high == pytest.approx(3, abs=0.05)


def test_a_rare_outlier_is_clipped_and_the_error_is_smaller_for_it() -> None:
    values = np.random.default_rng(0).normal(0, 1, 1_000_000).astype(np.float32)
    values[0] = 20
    values = np.where(values < 0, 0.1 * values, values)  # as a leaky ReLU leaves them
    low, high = found(values)
    assert high < 12
    assert error(values, low, high) < 0.8 * error(values, float(values.min()), 20)


def tensors() -> Iterator[Floats]:
    for seed in range(2):
        yield np.random.default_rng(seed).uniform(0, 1 + seed, (1, 3, 8, 8)).astype(np.float32)


def test_layers_that_routes_join_share_one_range_also_over_several_routes() -> None:
    values = {-1: 1, 0: -1, 1: 2, 2: 5, 7: 3}
    ranges = find_ranges(
        read_network(JOINING_CFG), tensors, lambda tensor: {i: n * tensor for i, n in values.items()}
    )
    assert ranges[0] == ranges[1] == ranges[2] == pytest.approx((-2, 10), rel=0.05)
    assert ranges[-1] == pytest.approx((0, 2), rel=0.05, abs=1e-9)
    assert ranges[7] == pytest.approx((0, 6), rel=0.05, abs=1e-9)


def test_a_layer_that_is_always_zero_has_a_range_too() -> None:
    low, high = find_ranges(read_network(EVERY_LAYER_CFG), tensors, lambda tensor: {0: 0 * tensor})[0]
    assert low <= 0 < high


def test_no_picture_is_an_error() -> None:
    with pytest.raises(ModelError, match="no picture was given"):
        find_ranges(read_network(EVERY_LAYER_CFG), lambda: iter(()), lambda tensor: {0: tensor})
