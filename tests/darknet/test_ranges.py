"""The ranges file: what is written is read again, and what is wrong is named with its file and key."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.darknet.network import read_network
from detector.darknet.ranges import Ranges, fingerprint, origins, quantised_tensors, read_ranges
from detector.darknet.weights import Kernel, read_weights
from detector.errors import ModelError
from tests.builders import EVERY_LAYER_CFG, weights_bytes

NETWORK = read_network(EVERY_LAYER_CFG)
HEADS = (12, 17)  # the convolutions before them
BY_LAYER = {-1: (0.0, 1.0), 0: (-1.5, 12.25), 2: (-3.0, 20.0), 5: (-1.0, 9.5), 10: (0.0, 8.0)}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kernel, ...]:
    path = tmp_path_factory.mktemp("weights") / "own.weights"
    path.write_bytes(weights_bytes(NETWORK))
    return read_weights(path, NETWORK)


def test_what_is_written_is_read_again(tmp_path: Path, kernels: tuple[Kernel, ...]) -> None:
    ranges = Ranges(BY_LAYER, HEADS, fingerprint(kernels), {"model": "own", "pictures": 32})
    path = tmp_path / "own.ranges.json"
    path.write_text(ranges.text())
    assert read_ranges(path, NETWORK, kernels) == replace(ranges, about={})
    assert json.loads(ranges.text())["pictures"] == 32


def test_a_trained_on_network_has_another_fingerprint(kernels: tuple[Kernel, ...]) -> None:
    trained_on = (*kernels[:-1], replace(kernels[-1], bias=kernels[-1].bias + np.float32(1e-3)))
    assert fingerprint(trained_on) != fingerprint(kernels) == fingerprint(tuple(kernels))


def test_only_what_a_convolution_in_eight_bits_reads_is_quantised() -> None:
    assert quantised_tensors(NETWORK, HEADS) == (-1, 0, 2, 5)
    assert quantised_tensors(NETWORK, (0, *HEADS)) == (0, 2, 5)
    assert quantised_tensors(NETWORK, ()) == (-1, 0, 2, 5, 10)


def test_values_are_traced_back_past_pools_routes_and_upsampling_to_what_made_them() -> None:
    assert origins(NETWORK, 4) == (2,)  # two pools after a sum
    assert origins(NETWORK, 9) == (5, 5, 5)
    assert origins(NETWORK, 16) == (10, 10)
    assert origins(NETWORK, -1) == (-1,)


Spoil = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda content: content.pop("ranges"), "ranges is None; it must be a JSON object"),
        (lambda content: content.update(float_layers=15), "float_layers is 15; it must be a JSON array"),
        (lambda content: content.update(fingerprint=1), "fingerprint is 1; it must be a JSON string"),
        (
            lambda content: content.update(fingerprint="00"),
            "fingerprint is '00', the weights have '[0-9a-f]{8}'",
        ),
        (
            lambda content: content["float_layers"].append("x"),
            "float_layers holds 'x', which is no layer number",
        ),
        (lambda content: content["float_layers"].append(True), "float_layers holds True, which is no layer"),
        (
            lambda content: content["float_layers"].append(3),
            "float_layers names 3, which is no .convolutional",
        ),
        (
            lambda content: content["float_layers"].append(99),
            "float_layers names 99, which is no .convolution",
        ),
        (
            lambda content: content["float_layers"].append(-1),
            "float_layers names -1, which is no .convolution",
        ),
        (lambda content: content["ranges"].pop("5"), "ranges.5 is missing"),
        (lambda content: content["ranges"].pop("input"), "ranges.input is missing"),
        (lambda content: content["ranges"].update(x=[0, 1]), "ranges.x is no layer number"),
        (lambda content: content["ranges"].update({"-2": [0, 1]}), "ranges.-2 is no layer number"),
        (
            lambda content: content["ranges"].update({"5": 3}),
            r"ranges.5 is 3; it must be \[lowest, highest\]",
        ),
        (lambda content: content["ranges"].update({"5": [1]}), r"ranges.5 is \[1\]; it must be"),
        (lambda content: content["ranges"].update({"5": ["0", 1]}), r"ranges.5 is \['0', 1\]; it must be"),
        (
            lambda content: content["ranges"].update({"5": [2, 1]}),
            r"ranges.5 is \[2.0, 1.0\]; it must be two",
        ),
        (lambda content: content["ranges"].update({"5": [1, 2]}), "it must be two numbers around zero"),
        (lambda content: content["ranges"].update({"5": [0, 0]}), "it must be two numbers around zero"),
        (lambda content: content["ranges"].update({"5": [0, float("nan")]}), "two numbers around zero"),
        (lambda content: content["ranges"].update({"5": [0, float("inf")]}), "two numbers around zero"),
        (lambda content: content["ranges"].update({"5": [0, 1e-44]}), "two numbers around zero"),
        (lambda content: content["ranges"].update({"5": [0, 10**400]}), "cannot be read as a ranges file"),
    ],
)
def test_a_malformed_file_is_named_with_its_key(
    spoil: Spoil, complaint: str, tmp_path: Path, kernels: tuple[Kernel, ...]
) -> None:
    content = json.loads(Ranges(BY_LAYER, HEADS, fingerprint(kernels)).text())
    spoil(content)
    path = tmp_path / "own.ranges.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}.*{complaint}"):
        read_ranges(path, NETWORK, kernels)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b"[1, 2]", b"[" * 100_000, b"null"],
    ids=["empty", "cut", "no UTF-8", "array", "deep", "null"],
)
def test_what_is_no_ranges_file_is_named(data: bytes, tmp_path: Path, kernels: tuple[Kernel, ...]) -> None:
    path = tmp_path / "own.ranges.json"
    path.write_bytes(data)
    with pytest.raises(
        ModelError, match=f"^{re.escape(str(path))}.*(cannot be read|must hold one JSON object)"
    ):
        read_ranges(path, NETWORK, kernels)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, kernels: tuple[Kernel, ...]) -> None:
    with pytest.raises(ModelError, match=r"own\.ranges\.json cannot be read as a ranges file"):
        read_ranges(tmp_path / "own.ranges.json", NETWORK, kernels)
