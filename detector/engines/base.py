"""The protocol of engines, and the way through the code that all network engines share."""

from collections.abc import Callable
from typing import Protocol

from detector.darknet.network import Network, read_network
from detector.darknet.ranges import Ranges, read_ranges
from detector.darknet.weights import Kernel, read_weights
from detector.errors import EngineError, ModelError
from detector.models.registry import ModelFiles
from detector.settings import Precision, Settings
from detector.stopwatch import Stopwatch
from detector.values import Detections, Floats, Picture
from detector.yolo.heads import decode_maps
from detector.yolo.prepare import prepare
from detector.yolo.suppress import candidates, suppress

# float32 (1, 3, height, width) -> one float32 (1, channels, rows, columns) for each head of the network.
Forward = Callable[[Floats], tuple[Floats, ...]]


class Engine(Protocol):
    """A model, ready to run. Safe to call from several threads at once."""

    @property
    def name(self) -> str: ...

    @property
    def input_wh(self) -> tuple[int, int]:
        """Width and height of the network's input in pixels."""

    def detect(self, picture: Picture, settings: Settings, /, watch: Stopwatch | None = None) -> Detections:
        """What is in the picture, by the settings' confidence, nms_iou, suppression and fit.

        Boxes are as the network gives them and may reach past the picture's edge. The watch is told of each stage.
        """


class NetworkEngine:
    """An engine made of one function, `forward`; the rest of the way is the same for all."""

    def __init__(self, name: str, network: Network, class_names: tuple[str, ...], forward: Forward) -> None:
        self._name, self._network, self._class_names, self.forward = name, network, class_names, forward

    @property
    def name(self) -> str:
        """The engine's name in the catalog."""
        return self._name

    @property
    def input_wh(self) -> tuple[int, int]:
        """Width and height of the network's input in pixels."""
        _, height, width = self._network.input_shape
        return width, height

    def rows(self, picture: Picture, settings: Settings) -> Floats:
        """Every row of the network, undecided: see `decode_maps`. For looking inside, and for tests."""
        tensor, _ = prepare(picture, self.input_wh, settings.fit)
        return decode_maps(self.forward(tensor), self._network)

    def detect(self, picture: Picture, settings: Settings, /, watch: Stopwatch | None = None) -> Detections:
        """Picture -> tensor -> maps -> rows -> candidates -> detections."""
        watch = watch or Stopwatch()
        tensor, placement = prepare(picture, self.input_wh, settings.fit)
        watch.lap("prepare")
        maps = self.forward(tensor)
        watch.lap("forward")
        rows = decode_maps(maps, self._network, floor=settings.confidence)
        found = suppress(candidates(rows, settings.confidence), settings.nms_iou, settings.suppression)
        boxes = placement.to_picture(found.boxes)
        watch.lap("suppress")
        return Detections(boxes, found.scores, found.class_ids, self._class_names, picture.size_wh)


def load_model(files: ModelFiles, side: int | None) -> tuple[Network, tuple[Kernel, ...], tuple[str, ...]]:
    """Layers, kernels and class names of a model's files. Raises ModelError where they do not fit each other."""
    network, class_names = load_network(files, side)
    return network, read_weights(files.weights, network), class_names


def load_network(files: ModelFiles, side: int | None) -> tuple[Network, tuple[str, ...]]:
    """Layers and class names alone. Raises ModelError where they do not fit each other."""
    try:
        text = files.cfg.read_text(encoding="utf-8")
        network = read_network(text, side)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{files.cfg} cannot be read as text: {error}") from error
    except ModelError as error:
        raise ModelError(f"{files.cfg}, {error}") from error
    class_names = files.class_names()
    for head in network.heads:
        if head.classes != len(class_names):
            raise ModelError(
                f"{files.names} has {len(class_names)} names, {files.cfg} says {head.classes} classes"
            )
    return network, class_names


def load_ranges(
    files: ModelFiles, network: Network, kernels: tuple[Kernel, ...], precision: Precision
) -> Ranges | None:
    """The model's ranges for int8, None for other precisions.

    Raises EngineError where it has none, ModelError where they are not its own.
    """
    if precision != "int8":
        return None
    if files.ranges is None or not files.ranges.is_file():
        raise EngineError(
            f"{files.name} has no ranges for int8; `detector quantize {files.name} PICTURES_FOLDER` makes them from"
            " pictures of your kind, or use the precision float32"
        )
    return read_ranges(files.ranges, network, kernels)
