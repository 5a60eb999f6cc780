"""Network + kernels -> an ONNX model that OpenCV 4 and 5, OpenVINO and ONNX Runtime all run.

Static shapes, opset 13, float32. Input "picture" (1, 3, height, width); outputs "map0", "map1", ... are the
inputs of the [yolo] layers, (1, anchors x (5 + classes), rows, columns), before any sigmoid. Where asked for, what
decode_maps does to them follows in the graph, and the outputs are "boxes" (N, 4), x1 y1 x2 y2 as shares of the
input, and "scores" (N, classes).

With ranges the convolutions read and multiply eight bits: a QuantizeLinear and a DequantizeLinear after each
layer that they read, and weights in int8. Engines merge them with the convolutions around.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from detector.darknet.cells import DECODED_NAMES, cells_of, decoded_shapes
from detector.darknet.network import (
    Convolutional,
    Layer,
    MaxPool,
    Network,
    Route,
    Shortcut,
    Upsample,
    Yolo,
    output_names,
)
from detector.darknet.quantize import quantise_weights, scale_and_zero
from detector.darknet.ranges import INPUT_LAYER, Ranges, quantised_tensors
from detector.darknet.weights import Kernel
from detector.values import Floats

INPUT = "picture"
_OPSET = 13
_IR_VERSION = 8  # old enough for every reader at hand
_OPERATORS = {"leaky": "LeakyRelu", "relu": "Relu", "logistic": "Sigmoid"}


def build_onnx(
    network: Network, kernels: tuple[Kernel, ...], ranges: Ranges | None = None, decode: bool = False
) -> bytes:
    """The serialised model; in int8 where there are ranges, which must be checked against the network."""
    graph = _Graph(iter(kernels), ranges, quantised_tensors(network, ranges.float_layers) if ranges else ())
    for layer in network.layers:
        graph.add(layer)
    shapes = {name: [1, *head.shape] for name, head in zip(output_names(network), network.heads, strict=True)}
    if decode:
        graph.decode(network)
        shapes = decoded_shapes(network)
    outputs = [_value(name, shape) for name, shape in shapes.items()]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "darknet", [_value(INPUT, [1, *network.input_shape])], outputs, graph.constants
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    return bytes(model.SerializeToString())


def tensor_name(layer: int) -> str:
    """The tensor that a convolution or a shortcut gives; of layer -1 the input."""
    return INPUT if layer == INPUT_LAYER else f"layer{layer}"


class _Graph:
    """A graph while it grows: `names` has the output of each layer so far, eight: those that go on in eight bits."""

    def __init__(self, kernels: Iterator[Kernel], ranges: Ranges | None, eight: tuple[int, ...]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._kernels, self._ranges, self._eight = kernels, ranges, eight
        self._names: list[str] = []
        self._maps = 0
        self._input = self._quantise(INPUT_LAYER, INPUT)

    def add(self, layer: Layer) -> None:
        name = tensor_name(len(self._names))
        match layer:
            case Convolutional():
                output = self._convolutional(layer, name)
            case MaxPool():
                output = self._maxpool(layer, name)
            case Shortcut():
                pair = [self._name(layer.source), self._name(layer.other)]
                output = self._activate(layer.activation, "Add", pair, name)
            case Route():
                sources = [self._name(source) for source in layer.sources]
                output = sources[0] if len(sources) == 1 else self._node("Concat", sources, name, axis=1)
            case Upsample():
                output = self._upsample(layer, name)
            case Yolo():
                output = self._node("Identity", [self._name(layer.source)], f"map{self._maps}")
                self._maps += 1
        self._names.append(self._quantise(len(self._names), output))

    def decode(self, network: Network) -> None:
        """Boxes and scores from the maps, as decode_maps makes them."""
        centre, size, objectness, classes = self._split_rows(network)
        cells, (boxes, scores) = cells_of(network), DECODED_NAMES
        within = self._node("Sigmoid", [centre], "centre_in_cell")
        on_grid = self._node("Add", [within, self._constant("cell_corners", cells.corners)], "centre_on_grid")
        centres = self._node("Div", [on_grid, self._constant("cell_grids", cells.grids)], "centre_shares")
        times = self._node("Exp", [size], "times_anchor")
        half = self._node("Mul", [times, self._constant("half_anchors", cells.anchors / 2)], "half_size")
        least = self._node("Sub", [centres, half], "box_least")
        most = self._node("Add", [centres, half], "box_most")
        self._node("Concat", [least, most], boxes, axis=1)  # (N, 4)
        shares = [self._node("Sigmoid", [part], f"{part}_share") for part in (classes, objectness)]
        self._node("Mul", shares, scores)  # (N, classes)

    def _split_rows(self, network: Network) -> list[str]:
        """Of every head's rows, one after the other: centre (N, 2), size (N, 2), objectness (N, 1), classes."""
        rows = [
            self._rows(head, name) for head, name in zip(network.heads, output_names(network), strict=True)
        ]
        joined = self._node("Concat", rows, "rows", axis=0)  # (N, 5 + classes)
        widths = self._constant("row_widths", np.array([2, 2, 1, network.heads[0].classes]))
        names = ["centre", "size", "objectness", "classes"]
        self.nodes.append(helper.make_node("Split", [joined, widths], names, name="split_rows", axis=1))
        return names

    def _rows(self, head: Yolo, name: str) -> str:
        """A map as (rows x columns x anchors, 5 + classes)."""
        last = self._node("Transpose", [name], f"{name}_last", perm=[0, 2, 3, 1])
        shape = self._constant(f"{name}_shape", np.array([-1, 5 + head.classes]))
        return self._node("Reshape", [last, shape], f"{name}_rows")

    def _convolutional(self, layer: Convolutional, name: str) -> str:
        kernel = next(self._kernels)
        inputs = [
            self._name(layer.source),
            self._weights(f"{name}_weights", kernel.weights),
            self._constant(f"{name}_bias", kernel.bias),
        ]
        return self._activate(
            layer.activation,
            "Conv",
            inputs,
            name,
            kernel_shape=[layer.size] * 2,
            pads=[layer.padding] * 4,
            strides=[layer.stride] * 2,
        )

    def _maxpool(self, layer: MaxPool, name: str) -> str:
        return self._node(
            "MaxPool",
            [self._name(layer.source)],
            name,
            kernel_shape=[layer.size] * 2,
            pads=[layer.pad_before, layer.pad_before, *layer.pad_after],
            strides=[layer.stride] * 2,
        )

    def _upsample(self, layer: Upsample, name: str) -> str:
        scales = np.array([1, 1, layer.stride, layer.stride], dtype=np.float32)
        return self._node(
            "Resize",
            [self._name(layer.source), "", self._constant(f"{name}_scales", scales)],
            name,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def _activate(
        self, activation: str, operator: str, inputs: list[str], name: str, **attributes: object
    ) -> str:
        """The operator and the activation after it; what comes out bears the layer's name."""
        if activation == "linear":
            return self._node(operator, inputs, name, **attributes)
        source = self._node(operator, inputs, f"{name}_{operator.lower()}", **attributes)
        slope = {"alpha": 0.1} if activation == "leaky" else {}
        return self._node(_OPERATORS[activation], [source], name, **slope)

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def _weights(self, name: str, weights: Floats) -> str:
        if self._ranges is None or len(self._names) in self._ranges.float_layers:
            return self._constant(name, weights)
        whole, scales = quantise_weights(weights)
        zeros = np.zeros(len(scales), dtype=np.int8)
        inputs = [
            self._constant(f"{name}_int8", whole),
            self._constant(f"{name}_scales", scales),
            self._constant(f"{name}_zeros", zeros),
        ]
        return self._node("DequantizeLinear", inputs, name, axis=0)

    def _quantise(self, layer: int, source: str) -> str:
        """The same values after a way through eight bits, where a convolution in eight bits reads them."""
        if self._ranges is None or layer not in self._eight:
            return source
        scale, zero = scale_and_zero(self._ranges.by_layer[layer])
        pair = [self._constant(f"{source}_scale", scale), self._constant(f"{source}_zero", zero)]
        eight = self._node("QuantizeLinear", [source, *pair], f"{source}_eight")
        return self._node("DequantizeLinear", [eight, *pair], f"{source}_again")

    def _constant(self, name: str, values: npt.NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _name(self, index: int) -> str:
        return self._input if index < 0 else self._names[index]


def _value(name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
