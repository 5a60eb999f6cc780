"""Network + kernels -> the two files of an ncnn model: text that lists layers, and their weights.

Format: github.com/Tencent/ncnn/wiki/param-and-model-file-structure. Input "picture"; outputs "map0", "map1", ...
are the inputs of the [yolo] layers, as in the ONNX graph.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from detector.darknet.network import Convolutional, Layer, MaxPool, Network, Route, Shortcut, Upsample
from detector.darknet.weights import Kernel

INPUT = "picture"
_MAGIC = 7767517
_RAW_FLOATS = bytes(4)  # before the weights of a layer: no compression
_ACTIVATIONS = {"linear": "", "relu": "9=1", "leaky": "9=2 -23310=1,0.1", "logistic": "9=4"}
_OPERATORS = {"relu": "ReLU 0=0", "leaky": "ReLU 0=0.1", "logistic": "Sigmoid"}


def param_text(network: Network) -> str:
    """The layers, one a line: type, name, how many inputs and outputs, their names, and key=value."""
    lines = _Lines(network)
    for index, layer in enumerate(network.layers):
        lines.add(index, layer)
    blobs = sum(int(line.split()[3]) for line in lines.lines)
    return "\n".join([str(_MAGIC), f"{len(lines.lines)} {blobs}", *lines.lines, ""])


def model_bytes(kernels: tuple[Kernel, ...]) -> Iterator[bytes]:
    """The weights of all convolutions, piece by piece: each its kernels, then its biases."""
    for kernel in kernels:
        yield _RAW_FLOATS
        yield np.ascontiguousarray(kernel.weights, dtype="<f4").tobytes()
        yield np.ascontiguousarray(kernel.bias, dtype="<f4").tobytes()


class _Lines:
    """The text while it grows. Each name may be read once only, so what several layers read is split first."""

    def __init__(self, network: Network) -> None:
        channels, height, width = network.input_shape
        self.lines: list[str] = []
        self._readers = Counter(source for layer in network.layers for source in _sources(layer))
        self._copies: dict[int, Iterator[str]] = {}
        self._maps = 0
        self._line("Input", [], INPUT, f"0={width} 1={height} 2={channels}")
        self._split(-1, INPUT)

    def add(self, index: int, layer: Layer) -> None:
        inputs = [next(self._copies[source]) for source in _sources(layer)]
        name = f"layer{index}"
        match layer:
            case Convolutional():
                self._line("Convolution", inputs, name, _convolution(layer))
            case MaxPool():
                bottom, right = layer.pad_after
                pads = f"3={layer.pad_before} 13={layer.pad_before} 14={right} 15={bottom}"
                self._line("Pooling", inputs, name, f"0=0 1={layer.size} 2={layer.stride} {pads} 5=1")
            case Shortcut():
                self._shortcut(layer, inputs, name)
            case Route():
                self._line("Concat", inputs, name, "0=0")
            case Upsample():
                self._line("Interp", inputs, name, f"0=1 1={layer.stride} 2={layer.stride}")
            case _:
                self._line("Noop", inputs, f"map{self._maps}")
                self._maps += 1
                return
        self._split(index, name)

    def _shortcut(self, layer: Shortcut, inputs: list[str], name: str) -> None:
        if layer.activation == "linear":
            self._line("BinaryOp", inputs, name, "0=0")
            return
        operator, _, values = _OPERATORS[layer.activation].partition(" ")
        self._line("BinaryOp", inputs, f"{name}_sum", "0=0")
        self._line(operator, [f"{name}_sum"], name, values)

    def _split(self, index: int, name: str) -> None:
        readers = self._readers[index]
        copies = [name] if readers < 2 else [f"{name}_{i}" for i in range(readers)]
        if readers > 1:
            self.lines.append(f"Split {name}_split 1 {readers} {name} {' '.join(copies)}")
        self._copies[index] = iter(copies)

    def _line(self, kind: str, inputs: list[str], output: str, values: str = "") -> None:
        self.lines.append(" ".join([kind, output, str(len(inputs)), "1", *inputs, output, values]).rstrip())


def _sources(layer: Layer) -> tuple[int, ...]:
    match layer:
        case Route():
            return layer.sources
        case Shortcut():
            return layer.source, layer.other
        case _:
            return (layer.source,)


def _convolution(layer: Convolutional) -> str:
    weights = layer.shape[0] * layer.in_channels * layer.size**2
    values = f"0={layer.shape[0]} 1={layer.size} 3={layer.stride} 4={layer.padding} 5=1 6={weights}"
    return f"{values} {_ACTIVATIONS[layer.activation]}".rstrip()
