"""ONNX Runtime: on the processor, or with onnxruntime-gpu on an NVIDIA GPU."""

from collections.abc import Sequence
from typing import Any

import onnxruntime

from detector.darknet.network import output_names
from detector.darknet.onnx_graph import INPUT, build_onnx
from detector.engines.base import Engine, NetworkEngine, load_model, load_ranges
from detector.errors import EngineError
from detector.models.registry import ModelFiles
from detector.settings import Precision, Settings
from detector.values import Floats

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
Provider = tuple[str, dict[str, Any]]

_EXACT = {"use_tf32": 0}  # float32 as everywhere else, not with the ten bits that newer GPUs take for it


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Open a session; its `run` may be called from several threads at once.

    Raises EngineError where this ONNX Runtime is for GPUs and can use none: it would quietly take the processor.
    """
    network, kernels, class_names = load_model(files, settings.side)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    graph = build_onnx(network, kernels, load_ranges(files, network, kernels, settings.precision))
    providers = providers_for(onnxruntime.get_available_providers(), settings.precision)
    session = onnxruntime.InferenceSession(graph, options, providers=providers)
    if (CUDA, _EXACT) in providers and CUDA not in session.get_providers():
        raise EngineError(
            "ONNX Runtime found no GPU that it can use (driver, CUDA and cuDNN must fit it); pip uninstall"
            " onnxruntime-gpu and install onnxruntime for the processor, or choose another engine"
        )
    names = list(output_names(network))

    def forward(tensor: Floats) -> tuple[Floats, ...]:
        return tuple(session.run(names, {INPUT: tensor}))

    return NetworkEngine("onnxruntime", network, class_names, forward)


def providers_for(available: Sequence[str], precision: Precision) -> list[Provider]:
    """The GPU where this ONNX Runtime was built for one; int8 gains nothing there, and stays on the processor."""
    on_gpu = CUDA in available and precision == "float32"
    return [(CUDA, _EXACT)] * on_gpu + [(CPU, {})]
