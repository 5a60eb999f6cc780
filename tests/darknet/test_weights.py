import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.darknet.network import read_network
from detector.darknet.weights import read_weights
from detector.errors import ModelError
from tests.builders import EVERY_LAYER_CFG, weights_bytes

NETWORK = read_network(EVERY_LAYER_CFG)
GOOD = weights_bytes(NETWORK)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own.weights"


def test_numbers_go_where_darknet_puts_them(path: Path) -> None:
    path.write_bytes(GOOD)
    first = read_weights(path, NETWORK)[0]
    numbers = np.frombuffer(GOOD, dtype="<f4", offset=20)
    bias, scale, mean, variance = numbers[:32].reshape(4, 8)
    kernels = numbers[32 : 32 + 8 * 27].reshape(8, 3, 3, 3)
    for f in range(8):  # the slow way, one filter at a time, in double precision
        factor = float(scale[f]) / (float(variance[f]) ** 0.5 + 1e-6)
        np.testing.assert_allclose(first.weights[f], kernels[f] * factor, rtol=1e-5)
        np.testing.assert_allclose(first.bias[f], bias[f] - float(mean[f]) * factor, rtol=1e-5, atol=1e-7)


def test_the_old_header_with_a_short_counter_is_read_too(path: Path) -> None:
    path.write_bytes(struct.pack("<3ii", 0, 1, 0, 7) + GOOD[20:])
    old = read_weights(path, NETWORK)
    path.write_bytes(GOOD)
    for one, other in zip(old, read_weights(path, NETWORK), strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(one.bias, other.bias)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "ends after 0"),
        (GOOD[:15], "ends after 15"),
        (GOOD[:20], "holds 0 bytes"),
        (GOOD[: len(GOOD) // 2], "the two do not belong together"),
        (GOOD[:-4], "the two do not belong together"),
        (GOOD + b"\0", "the two do not belong together"),
        (b"<!DOCTYPE html>" + GOOD[15:], "no darknet weights file"),
        (struct.pack("<i", -1) + GOOD[4:], "no darknet weights file"),
        (GOOD[:20] + struct.pack("<f", float("nan")) + GOOD[24:], "not finite"),
        (GOOD[:20] + struct.pack("<f", float("inf")) + GOOD[24:], "not finite"),
        (GOOD[: 20 + 96] + struct.pack("<f", -1.0) + GOOD[20 + 100 :], "not finite"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_file_that_does_not_fit_is_refused(data: bytes, complaint: str, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(ModelError, match=complaint):
        read_weights(path, NETWORK)


def test_a_missing_file_is_a_model_error(path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_weights(path, NETWORK)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_any_bytes_are_refused_by_name(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"header|version|bytes of numbers"):
        read_weights(path, NETWORK)
