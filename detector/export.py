"""A model written for other runtimes: the network as it stands, the class names, and a card that says what is what."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import detector
from detector.darknet.network import Network
from detector.darknet.weights import Kernel
from detector.engines.base import load_model
from detector.engines.catalog import usable_engine
from detector.errors import DetectorError
from detector.models.assets import sha256_of
from detector.models.registry import ModelFiles

Kernels = tuple[Kernel, ...]


def export(files: ModelFiles, file_format: str, folder: Path, side: int | None = None) -> list[Path]:
    """Write the model into the folder in one of FORMATS, float32; gives the files.

    The network's outputs are maps before any sigmoid; the card says how boxes come out of them. Raises ModelError,
    EngineError where the format needs a framework that is not here, DetectorError where the folder cannot be written.
    """
    network, kernels, class_names = load_model(files, side)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = FORMATS[file_format](network, kernels, folder)
        (folder / "names.txt").write_text("\n".join(class_names) + "\n", encoding="utf-8")
        described = json.dumps(_card(files, file_format, network), indent=2) + "\n"
        (folder / "card.json").write_text(described, encoding="utf-8")
    except OSError as error:
        raise DetectorError(f"{folder} cannot be written to: {error.strerror or error}") from error
    return [*written, folder / "names.txt", folder / "card.json"]


def _onnx(network: Network, kernels: Kernels, folder: Path) -> list[Path]:
    from detector.darknet.onnx_graph import build_onnx

    target = folder / "model.onnx"
    target.write_bytes(build_onnx(network, kernels))
    return [target]


def _ncnn(network: Network, kernels: Kernels, folder: Path) -> list[Path]:
    from detector.darknet.ncnn_graph import model_bytes, param_text

    param, weights = folder / "model.ncnn.param", folder / "model.ncnn.bin"
    param.write_text(param_text(network))
    with weights.open("wb") as file:
        file.writelines(model_bytes(kernels))
    return [param, weights]


def _by(engine: str, function: str) -> Callable[[Network, Kernels, Path], list[Path]]:
    """Written by that engine's framework."""

    def write(network: Network, kernels: Kernels, folder: Path) -> list[Path]:
        module = importlib.import_module(f"detector.engines.{usable_engine(engine).name}")
        written: list[Path] = getattr(module, function)(network, kernels, folder)
        return written

    return write


FORMATS: dict[str, Callable[[Network, Kernels, Path], list[Path]]] = {
    "onnx": _onnx,
    "openvino": _by("openvino", "save_ir"),
    "ncnn": _ncnn,
    "saved_model": _by("tensorflow", "save_saved_model"),
    "tflite": _by("tensorflow", "save_tflite"),
}


def _card(files: ModelFiles, file_format: str, network: Network) -> dict[str, Any]:
    heads = [
        {
            "name": f"map{i}",
            "shape": [1, *head.shape],
            "anchors_wh": [list(pair) for pair in head.anchors_wh],
        }
        for i, head in enumerate(network.heads)
    ]
    return {
        "model": files.name,
        "format": file_format,
        "weights_sha256": files.sha256 or sha256_of(files.weights),
        "input": {
            "name": "picture",
            "shape": [1, *network.input_shape],
            "values": "float32, RGB, 0 to 1, channels first; resized by stretching (x 0.00392) or letterboxed with 0.5",
        },
        "outputs": heads,
        "decoding": (
            "Each map is (anchors, 5 + classes, rows, columns): x, y, w, h, objectness, classes. Centre: (column +"
            " sigmoid(x)) / columns, (row + sigmoid(y)) / rows. Size: exp(w) anchor_w / input_width, exp(h) anchor_h /"
            " input_height. Score: sigmoid(objectness) sigmoid(class). Then threshold and non-maximum suppression."
        ),
        "made_by": f"object-detector {detector.__version__}",
    }
