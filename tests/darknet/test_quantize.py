from itertools import combinations

import numpy as np
import pytest

from detector.darknet.quantize import (
    largest_pair,
    quantise_weights,
    round_balanced,
    round_to_bfloat16,
    scale_and_zero,
)
from tests.builders import Floats


def weights(seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal((6, 4, 3, 3)).astype(np.float32)


def test_a_weight_comes_back_within_a_step_of_its_filters_scale() -> None:
    original = weights() * np.array([1, 10, 0.1, 1e-4, 1e3, 1], dtype=np.float32)[:, None, None, None]
    whole, scales = quantise_weights(original)
    assert (str(whole.dtype), whole.shape, scales.shape) == ("int8", original.shape, (6,))
    error = np.abs(whole * scales[:, None, None, None] - original)
    assert (error < 1.0001 * scales[:, None, None, None]).all()
    alone = [quantise_weights(original[i : i + 1])[1].item() for i in range(6)]
    assert scales.tolist() == alone


@pytest.mark.parametrize("shape", [(4, 6, 9), (3, 40, 1), (1, 1, 1), (2, 5, 25)], ids=str)
def test_errors_of_rounding_cancel_in_each_filter_and_nearly_in_each_kernel(
    shape: tuple[int, int, int],
) -> None:
    exact = np.random.default_rng(0).uniform(-100, 100, shape).astype(np.float32)
    whole = round_balanced(exact)
    assert (whole == np.rint(whole)).all()
    assert np.abs(whole - exact).max() < 1
    assert np.abs((whole - exact).sum(axis=2)).max() <= 1.501
    assert np.abs((whole - exact).sum(axis=(1, 2))).max() <= 0.501


def test_whole_numbers_stay_as_they_are() -> None:
    exact = np.arange(-27, 27, dtype=np.float32).reshape(2, 3, 9)
    np.testing.assert_array_equal(round_balanced(exact), exact)


def test_a_filter_whose_large_weights_lie_apart_uses_all_of_int8() -> None:
    lonely = np.full((1, 8, 3, 3), 0.001, dtype=np.float32)
    lonely[0, 1, 0, 0], lonely[0, 5, 0, 0], lonely[0, 2, 1, 1], lonely[0, 2, 0, 0] = 1, 1, 1, -0.9
    assert np.abs(quantise_weights(lonely)[0]).max() == 127


def test_a_filter_of_zeros_stays_zero() -> None:
    whole, scales = quantise_weights(np.zeros((2, 1, 3, 3), dtype=np.float32))
    assert not whole.any()
    assert (scales > 0).all()


@pytest.mark.parametrize("channels", [1, 3, 4, 6, 16])
def test_no_two_products_that_older_processors_add_in_sixteen_bits_can_clip(channels: int) -> None:
    """With every activation at 255; slowly, over every pair of every group of four channels."""
    rng = np.random.default_rng(channels)
    originals = [rng.standard_normal((5, channels, 3, 3)), rng.uniform(0.9, 1, (5, channels, 3, 3))]
    for original in originals:
        whole, _ = quantise_weights(original.astype(np.float32))
        for a, b in combinations(range(channels), 2):
            if a // 4 == b // 4:
                sums = 255 * (whole[:, a].astype(int) + whole[:, b])
                assert np.abs(sums).max() <= 32_767


def test_the_largest_pair_is_of_one_group_and_one_place() -> None:
    one = np.zeros((1, 5, 1, 2), dtype=np.float32)
    one[0, :, 0, 0] = [3, -9, 2, 1, 8]
    one[0, :, 0, 1] = [4, 0, 0, 0, 0]
    assert largest_pair(one).tolist() == [8]
    assert largest_pair(-one).tolist() == [9]


@pytest.mark.parametrize("low_high", [(0.0, 1.0), (-1.3, 14.1), (-5.0, 0.0), (-1e-6, 1e-6), (-1e6, 3e8)])
def test_eight_bits_span_the_range_and_hold_zero_exactly(low_high: tuple[float, float]) -> None:
    scale, zero = scale_and_zero(low_high)
    assert (str(scale.dtype), scale.ndim, str(zero.dtype), zero.ndim) == ("float32", 0, "uint8", 0)
    values = (np.arange(256) - float(zero)) * float(scale)
    assert 0.0 in values
    np.testing.assert_allclose([values[0], values[-1]], low_high, atol=0.51 * float(scale))


def test_rounded_to_bfloat16_the_errors_of_a_filter_cancel() -> None:
    original = weights() * np.array([1, 10, 0.1, 1e-4, 1e3, 1], dtype=np.float32)[:, None, None, None]
    rounded = round_to_bfloat16(original)
    assert (str(rounded.dtype), rounded.shape) == ("float32", original.shape)
    assert not (rounded.view(np.uint32) & 0xFFFF).any()  # what bfloat16 has no bits for
    peaks = np.abs(original).max(axis=(1, 2, 3))
    assert (np.abs(rounded - original).max(axis=(1, 2, 3)) <= peaks / 256).all()
    simply = (original.view(np.uint32) + 0x8000 & 0xFFFF0000).view(np.float32)
    sums, simple_sums = (np.abs((w - original).sum(axis=(1, 2, 3))) / peaks for w in (rounded, simply))
    assert sums.max() < 1e-4
    assert simple_sums.max() > 1e-3


def test_what_bfloat16_holds_stays_as_it_is() -> None:
    exact = np.array([1, -2, 0, 0.5, 1.0078125, 255, 256, -3e38], dtype=np.float32).reshape(2, 1, 2, 2)
    exact = (exact.view(np.uint32) & 0xFFFF0000).view(np.float32)
    np.testing.assert_array_equal(round_to_bfloat16(exact), exact)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1 + 2**-8, 1.0), (1 + 3 * 2**-8, 1 + 2**-6), (1 + 2**-8 + 2**-20, 1 + 2**-7), (-1 - 2**-8, -1.0)],
    ids=["tie to even, down", "tie to even, up", "nearest", "below zero"],
)
def test_a_single_weight_goes_to_the_nearest(value: float, expected: float) -> None:
    assert round_to_bfloat16(np.full((1, 1, 1, 1), value, dtype=np.float32)).item() == expected
