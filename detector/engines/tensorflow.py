"""TensorFlow, its graph built from our layers and kernels. Channels last inside, as its processor kernels want."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from detector.darknet.cells import DECODED_NAMES, cells_of
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
from detector.darknet.weights import Kernel
from detector.engines.base import Engine, NetworkEngine, load_model
from detector.models.registry import ModelFiles
from detector.settings import Settings
from detector.values import Floats

Pair = tuple[tf.Tensor, tf.Tensor]

_ACTIVATIONS = {
    "linear": lambda values: values,
    "leaky": lambda values: tf.nn.leaky_relu(values, alpha=0.1),
    "relu": tf.nn.relu,
    "logistic": tf.math.sigmoid,
}


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Trace the network into one graph, which may be called from several threads at once.

    `threads` holds for all of TensorFlow in this process and can be set before its first use only.
    """
    network, kernels, class_names = load_model(files, settings.side)
    if settings.threads and tf.config.threading.get_intra_op_parallelism_threads() != settings.threads:
        tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
    graph = _traced(network, kernels).get_concrete_function()

    def forward(tensor: Floats) -> tuple[Floats, ...]:
        found = graph(tf.constant(tensor))
        return tuple(np.asarray(found[name]) for name in output_names(network))

    return NetworkEngine("tensorflow", network, class_names, forward)


def save_saved_model(network: Network, kernels: tuple[Kernel, ...], folder: Path, decode: bool) -> list[Path]:
    """A folder for TensorFlow Serving: signature "serving_default", input "picture", outputs as in ONNX."""
    target, module = folder / "saved_model", tf.Module()
    module.detect = _traced(network, kernels, decode)
    tf.saved_model.save(module, str(target), signatures=module.detect)
    return [target]


def save_tflite(network: Network, kernels: tuple[Kernel, ...], folder: Path, decode: bool) -> list[Path]:
    """One file for phones, float32, with the same signature."""
    module = tf.Module()
    module.detect = _traced(network, kernels, decode)
    graph = module.detect.get_concrete_function()
    target = folder / "model.tflite"
    target.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([graph], module).convert())
    return [target]


def _traced(
    network: Network, kernels: tuple[Kernel, ...], decode: bool = False
) -> tf.types.experimental.PolymorphicFunction:
    """Picture (1, 3, height, width) -> maps by name, or boxes and scores."""
    tensors = [
        _tensors(kernel) for kernel in kernels
    ]  # outside the graph, which would copy them several times
    signature = tf.TensorSpec((1, *network.input_shape), tf.float32, name="picture")

    def found(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        heads = _heads(picture, network, iter(tensors))
        if decode:
            return _decoded(heads, network)
        maps = [tf.transpose(head, (0, 3, 1, 2)) for head in heads]
        return dict(zip(output_names(network), maps, strict=True))

    return tf.function(found, input_signature=[signature], autograph=False)


def _tensors(kernel: Kernel) -> Pair:
    """Weights (size, size, channels, filters) and bias (filters,)."""
    return tf.constant(kernel.weights.transpose(2, 3, 1, 0)), tf.constant(kernel.bias)


def _heads(tensor: tf.Tensor, network: Network, kernels: Iterator[Pair]) -> list[tf.Tensor]:
    """The maps, channels last."""
    outputs = [tf.transpose(tensor, (0, 2, 3, 1))]  # the input, then each layer: layer i is at i + 1
    for layer in network.layers:
        outputs.append(_apply(layer, outputs, kernels))
    return [
        output for layer, output in zip(network.layers, outputs[1:], strict=True) if isinstance(layer, Yolo)
    ]


def _decoded(heads: list[tf.Tensor], network: Network) -> dict[str, tf.Tensor]:
    """What decode_maps makes of the maps: boxes (N, 4), x1 y1 x2 y2 as shares of the input, scores (N, classes)."""
    cells, classes = cells_of(network), network.heads[0].classes
    rows = tf.concat([tf.reshape(head, (-1, 5 + classes)) for head in heads], axis=0)  # (N, 5 + classes)
    centres = (tf.sigmoid(rows[:, :2]) + cells.corners) / cells.grids
    half = tf.exp(rows[:, 2:4]) * (cells.anchors / 2)
    boxes = tf.concat([centres - half, centres + half], axis=1)
    return dict(zip(DECODED_NAMES, (boxes, tf.sigmoid(rows[:, 5:]) * tf.sigmoid(rows[:, 4:5])), strict=True))


def _apply(layer: Layer, outputs: list[tf.Tensor], kernels: Iterator[Pair]) -> tf.Tensor:
    match layer:
        case Convolutional():
            return _convolve(layer, outputs[layer.source + 1], next(kernels))
        case MaxPool():
            return _pool(layer, outputs[layer.source + 1])
        case Shortcut():
            return _ACTIVATIONS[layer.activation](outputs[layer.source + 1] + outputs[layer.other + 1])
        case Route():
            return tf.concat([outputs[source + 1] for source in layer.sources], axis=3)
        case Upsample():
            rows = tf.repeat(outputs[layer.source + 1], layer.stride, axis=1)
            return tf.repeat(rows, layer.stride, axis=2)
        case Yolo():
            return outputs[layer.source + 1]


def _convolve(layer: Convolutional, values: tf.Tensor, kernel: Pair) -> tf.Tensor:
    weights, bias = kernel
    pad = [layer.padding] * 2
    summed = tf.nn.conv2d(values, weights, layer.stride, [[0, 0], pad, pad, [0, 0]])
    return _ACTIVATIONS[layer.activation](tf.nn.bias_add(summed, bias))


def _pool(layer: MaxPool, values: tf.Tensor) -> tf.Tensor:
    bottom, right = layer.pad_after
    pads = [[0, 0], [layer.pad_before, bottom], [layer.pad_before, right], [0, 0]]
    padded = tf.pad(values, pads, constant_values=values.dtype.min)
    return tf.nn.max_pool2d(padded, layer.size, layer.stride, "VALID")
