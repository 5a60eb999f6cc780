"""The ranges file: between which numbers the values of a network lie, so that eight bits can hold them.

JSON, made by `detector quantize`: "ranges" has [lowest, highest] by layer number ("input" is the picture),
"float_layers" the convolutions that stay in float32, "fingerprint" the kernels that the ranges belong to.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from detector.darknet.network import Convolutional, Layer, Network, Route, Shortcut
from detector.darknet.weights import Kernel
from detector.errors import ModelError

INPUT_LAYER = -1
_INPUT_KEY = "input"
_SMALLEST, _LARGEST = 1e-9, 1e9  # what lies in float32 with room, as a scale too
Range = tuple[float, float]


@dataclass(frozen=True)
class Ranges:
    """by_layer: lowest and highest value that a layer gives, clipped where that costs less; -1 is the input.

    Zero lies in every range, because convolutions pad with it. Raises ModelError.
    """

    by_layer: Mapping[int, Range]
    float_layers: tuple[int, ...]
    fingerprint: str
    about: Mapping[str, Any] = field(default_factory=dict)  # for who reads the file

    def __post_init__(self) -> None:
        for layer, (low, high) in self.by_layer.items():
            if not (-_LARGEST <= low <= 0 <= high <= _LARGEST and high - low >= _SMALLEST):
                raise ModelError(
                    f"ranges.{_key(layer)} is [{low}, {high}]; it must be two numbers around zero, the lower first"
                )

    def check(self, network: Network, kernels: tuple[Kernel, ...]) -> None:
        """Raises ModelError where they are not this network's."""
        if self.fingerprint != (own := fingerprint(kernels)):
            raise ModelError(
                f"fingerprint is {self.fingerprint!r}, the weights have {own!r}; they were made for other weights"
            )
        for layer in self.float_layers:
            if not (0 <= layer < len(network.layers) and isinstance(network.layers[layer], Convolutional)):
                raise ModelError(f"float_layers names {layer}, which is no [convolutional] layer")
        for layer in quantised_tensors(network, self.float_layers):
            if layer not in self.by_layer:
                raise ModelError(f"ranges.{_key(layer)} is missing")

    def text(self) -> str:
        """The file's JSON, one range a line."""
        rows = ",\n".join(
            f'    "{_key(layer)}": [{low:.6g}, {high:.6g}]' for layer, (low, high) in self.by_layer.items()
        )
        head = {**self.about, "fingerprint": self.fingerprint, "float_layers": list(self.float_layers)}
        lines = [f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()]
        return "{\n" + "".join(lines) + f'  "ranges": {{\n{rows}\n  }}\n}}\n'


def read_ranges(path: Path, network: Network, kernels: tuple[Kernel, ...]) -> Ranges:
    """The ranges of that file, checked against the network. Raises ModelError, which names the file and the key."""
    try:
        ranges = _parse(json.loads(path.read_text(encoding="utf-8")))
        ranges.check(network, kernels)
    except (OSError, ValueError, OverflowError, RecursionError) as error:  # no UTF-8, no JSON: ValueErrors
        raise ModelError(f"{path} cannot be read as a ranges file: {error}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}; `detector quantize` makes such files") from None
    return ranges


def _parse(found: Any) -> Ranges:
    if not isinstance(found, dict):
        raise ModelError("the file must hold one JSON object")
    for key, kind in (("ranges", dict), ("float_layers", list), ("fingerprint", str)):
        if not isinstance(found.get(key), kind):
            raise ModelError(f"{key} is {found.get(key)!r}; it must be a JSON {_JSON[kind]}")
    for layer in found["float_layers"]:
        if type(layer) is not int:
            raise ModelError(f"float_layers holds {layer!r}, which is no layer number")
    by_layer = {_layer(key): _range(key, value) for key, value in found["ranges"].items()}
    return Ranges(by_layer, tuple(found["float_layers"]), found["fingerprint"])


_JSON: Mapping[type, str] = {dict: "object", list: "array", str: "string"}


def _layer(key: str) -> int:
    if key == _INPUT_KEY:
        return INPUT_LAYER
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        raise ModelError(f"ranges.{key} is no layer number")
    return int(key)


def _range(key: str, value: Any) -> Range:
    if not (isinstance(value, list) and len(value) == 2 and all(type(n) in (int, float) for n in value)):
        raise ModelError(f"ranges.{key} is {value!r}; it must be [lowest, highest]")
    return float(value[0]), float(value[1])


def _key(layer: int) -> str:
    return _INPUT_KEY if layer == INPUT_LAYER else str(layer)


def fingerprint(kernels: tuple[Kernel, ...]) -> str:
    """CRC-32 of all biases: training changes each of them, so it tells one training from another in a millisecond."""
    biases = [np.ascontiguousarray(kernel.bias, dtype="<f4").tobytes() for kernel in kernels]
    return f"{zlib.crc32(b''.join(biases)):08x}"


def quantised_tensors(network: Network, float_layers: tuple[int, ...]) -> tuple[int, ...]:
    """The layers whose output a convolution in eight bits reads, -1 for the input, in rising order."""
    convolutions = [
        layer.source
        for index, layer in enumerate(network.layers)
        if isinstance(layer, Convolutional) and index not in float_layers
    ]
    return tuple(sorted({origin for source in convolutions for origin in origins(network, source)}))


def origins(network: Network, index: int) -> tuple[int, ...]:
    """The layers that made the values which layer `index` gives, past those that only move values."""
    if index < 0 or isinstance(layer := network.layers[index], Convolutional | Shortcut):
        return (index,)
    return tuple(origin for source in _sources(layer) for origin in origins(network, source))


def _sources(layer: Layer) -> tuple[int, ...]:
    return layer.sources if isinstance(layer, Route) else (layer.source,)
