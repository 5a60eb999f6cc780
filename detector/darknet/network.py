"""Sections -> Network: typed layers, each with the shape of what it gives.

Meaning of the keys: darknet, src/parser.c and the layers' own make_ functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

from detector.darknet.cfg import Section, parse_cfg
from detector.errors import ModelError

Shape = tuple[int, int, int]  # channels, height, width
MAX_VALUES = 2**28  # in one layer's output, 1 GiB of float32; the largest of YOLOv3 at 4096 has half of it
ACTIVATIONS = ("linear", "leaky", "relu", "logistic")


@dataclass(frozen=True)
class Convolutional:
    """A convolution with square kernels, `padding` zeros on each side, and its activation."""

    source: int
    shape: Shape
    in_channels: int
    size: int
    stride: int
    padding: int
    batch_normalize: bool
    activation: str


@dataclass(frozen=True)
class MaxPool:
    """A maximum over size x size; pads are at the top and left, and at the bottom and right."""

    source: int
    shape: Shape
    size: int
    stride: int
    pad_before: int
    pad_after: tuple[int, int]  # bottom, right


@dataclass(frozen=True)
class Shortcut:
    """The sum of two layers of one shape."""

    source: int
    other: int
    shape: Shape
    activation: str


@dataclass(frozen=True)
class Route:
    """The channels of its sources, one after the other."""

    sources: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True)
class Upsample:
    """Each value repeated `stride` times in both directions."""

    source: int
    shape: Shape
    stride: int


@dataclass(frozen=True)
class Yolo:
    """A head: `anchors_wh` are box sizes in pixels of the network's input; channels are anchors x (5 + classes)."""

    source: int
    shape: Shape
    anchors_wh: tuple[tuple[float, float], ...]
    classes: int


Layer = Convolutional | MaxPool | Shortcut | Route | Upsample | Yolo


@dataclass(frozen=True)
class Network:
    """Layers in the order of the cfg file; a source of -1 is the network's input."""

    input_shape: Shape
    layers: tuple[Layer, ...]

    @property
    def convolutions(self) -> tuple[Convolutional, ...]:
        """Those layers that own weights, in the order in which the weights file holds them."""
        return tuple(layer for layer in self.layers if isinstance(layer, Convolutional))

    @property
    def heads(self) -> tuple[Yolo, ...]:
        """The outputs, in the order of the cfg file."""
        return tuple(layer for layer in self.layers if isinstance(layer, Yolo))


def output_names(network: Network) -> tuple[str, ...]:
    """What a model made of the network calls its outputs, in the order of `network.heads`."""
    return tuple(f"map{i}" for i in range(len(network.heads)))


def read_network(text: str, side: int | None = None) -> Network:
    """The network of a cfg file, for an input of side x side pixels, or of the file's own width and height.

    Raises ModelError, with the line and the key, for what is not understood: a network that would run but not
    as its author meant is worse than none.
    """
    net, *rest = parse_cfg(text)
    if net.kind not in ("net", "network"):
        raise ModelError(f"line {net.line}: a cfg file starts with [net], not [{net.kind}]")
    input_shape = _input_shape(net, side)
    layers: list[Layer] = []
    for section in rest:
        layers.append(_Reader(section, layers, input_shape).layer())
    network = Network(input_shape, tuple(layers))
    if not network.heads:
        raise ModelError("the cfg file has no [yolo] section, so nothing would come out")
    return network


def _input_shape(net: Section, side: int | None) -> Shape:
    channels = net.integer("channels", 3)
    if channels != 3:
        raise net.error("channels", "must be 3; pictures are RGB")
    height, width = (side or net.integer("height"), side or net.integer("width"))
    for key, value in (("height", height), ("width", width)):
        if value % 32 or not 32 <= value <= 4096:
            raise net.error(key, "must be a multiple of 32 from 32 to 4096")
    return channels, height, width


@dataclass(frozen=True)
class _Reader:
    """Reads one section, knowing the layers before it."""

    section: Section
    before: list[Layer]
    input_shape: Shape

    def layer(self) -> Layer:
        reader = _READERS.get(self.section.kind)
        if reader is None:
            raise ModelError(
                f"line {self.section.line}: [{self.section.kind}] is not a section of the YOLOv3 family;"
                f" known are {', '.join(f'[{kind}]' for kind in _READERS)}"
            )
        for key in self.section.entries:
            if key not in _KEYS[self.section.kind]:
                raise self.section.error(key, "is not a key that this section is known to have")
        layer = reader(self)
        if prod(layer.shape) > MAX_VALUES:
            raise ModelError(
                f"line {self.section.line}: [{self.section.kind}] gives {layer.shape}, too large"
            )
        return layer

    def convolutional(self) -> Convolutional:
        section, (channels, height, width) = self.section, self._shape(self._last)
        size, stride = section.integer("size", 1, minimum=1), section.integer("stride", 1, minimum=1)
        padding = size // 2 if section.integer("pad", 0) else section.integer("padding", 0)
        shape = (
            section.integer("filters", 1, minimum=1),
            self._extent(height + 2 * padding, size, stride),
            self._extent(width + 2 * padding, size, stride),
        )
        normalized = bool(section.integer("batch_normalize", 0))
        activation = self._activation("logistic")
        return Convolutional(self._last, shape, channels, size, stride, padding, normalized, activation)

    def maxpool(self) -> MaxPool:
        section, (channels, height, width) = self.section, self._shape(self._last)
        stride = section.integer("stride", 1, minimum=1)
        size = section.integer("size", stride, minimum=1)
        padding = section.integer("padding", size - 1)
        if padding >= 2 * size:
            raise section.error("padding", f"must be under twice the size, {size}")
        out_h, out_w = (self._extent(n + padding, size, stride) for n in (height, width))
        first = padding // 2
        # Darknet pads on demand; only what the last window reaches past the edge is written down.
        after = tuple(
            max(0, (out - 1) * stride + size - n - first) for n, out in ((height, out_h), (width, out_w))
        )
        return MaxPool(self._last, (channels, out_h, out_w), size, stride, first, (after[0], after[1]))

    def shortcut(self) -> Shortcut:
        (other,) = self._layers_of("from", exactly=1)
        shape = self._shape(self._last)
        if self._shape(other) != shape:
            raise self.section.error(
                "from", f"joins shapes {shape} and {self._shape(other)}; they must be equal"
            )
        return Shortcut(self._last, other, shape, self._activation("linear"))

    def route(self) -> Route:
        sources = self._layers_of("layers")
        shapes = [self._shape(source) for source in sources]
        if len({shape[1:] for shape in shapes}) > 1:
            raise self.section.error("layers", f"joins maps of different sizes, {shapes}")
        return Route(sources, (sum(shape[0] for shape in shapes), *shapes[0][1:]))

    def upsample(self) -> Upsample:
        stride = self.section.integer("stride", 2, minimum=1)
        channels, height, width = self._shape(self._last)
        return Upsample(self._last, (channels, height * stride, width * stride), stride)

    def yolo(self) -> Yolo:
        section, shape = self.section, self._shape(self._last)
        classes, flat = section.integer("classes", 20, minimum=1), section.numbers("anchors")
        pairs = list(zip(flat[::2], flat[1::2], strict=False))
        if len(flat) % 2 or min(flat) <= 0 or len(pairs) != section.integer("num", len(pairs)):
            raise section.error("anchors", "must be num pairs of width and height")
        mask = section.integers("mask") if "mask" in section.entries else tuple(range(len(pairs)))
        if not all(0 <= i < len(pairs) for i in mask):
            raise section.error("mask", f"names an anchor outside 0 to {len(pairs) - 1}")
        if shape[0] != len(mask) * (5 + classes):
            raise ModelError(
                f"line {section.line}: [yolo] with {len(mask)} anchors and {classes} classes needs"
                f" {len(mask) * (5 + classes)} channels, the layer before has {shape[0]}"
            )
        return Yolo(self._last, shape, tuple(pairs[i] for i in mask), classes)

    @property
    def _last(self) -> int:
        return len(self.before) - 1

    def _shape(self, index: int) -> Shape:
        if index < 0:
            return self.input_shape
        layer = self.before[index]
        if isinstance(layer, Yolo):
            raise ModelError(
                f"line {self.section.line}: [{self.section.kind}] reads the output of a [yolo] layer"
            )
        return layer.shape

    def _layers_of(self, key: str, exactly: int | None = None) -> tuple[int, ...]:
        """Layer numbers as darknet has them: negative ones count back from here."""
        here, numbers = len(self.before), self.section.integers(key)
        layers = tuple(n if n >= 0 else here + n for n in numbers)
        if exactly not in (None, len(layers)) or not all(0 <= n < here for n in layers):
            raise self.section.error(key, f"must name {exactly or 'some'} of the {here} layers before it")
        return layers

    def _activation(self, default: str) -> str:
        activation = self.section.text("activation", default)
        if activation not in ACTIVATIONS:
            raise self.section.error("activation", f"must be one of {', '.join(ACTIVATIONS)}")
        return activation

    def _extent(self, padded: int, size: int, stride: int) -> int:
        extent = (padded - size) // stride + 1
        if extent < 1:
            raise ModelError(f"line {self.section.line}: [{self.section.kind}] leaves nothing of its input")
        return extent


_READERS: Mapping[str, Callable[[_Reader], Layer]] = {
    "convolutional": _Reader.convolutional,
    "maxpool": _Reader.maxpool,
    "shortcut": _Reader.shortcut,
    "route": _Reader.route,
    "upsample": _Reader.upsample,
    "yolo": _Reader.yolo,
}

# Keys that are read, and those that matter to training alone. Any other might change what the network computes.
_KEYS: Mapping[str, frozenset[str]] = {
    kind: frozenset(keys.split())
    for kind, keys in {
        "convolutional": "batch_normalize filters size stride pad padding activation learning_rate stopbackward",
        "maxpool": "size stride padding",
        "shortcut": "from activation",
        "route": "layers",
        "upsample": "stride",
        "yolo": "mask anchors classes num thresh nms_thresh jitter ignore_thresh truth_thresh random max map"
        " focal_loss counters_per_class",
    }.items()
}
