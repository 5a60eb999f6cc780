"""ONNX Runtime."""

import onnxruntime

from detector.darknet.network import output_names
from detector.darknet.onnx_graph import INPUT, build_onnx
from detector.engines.base import Engine, NetworkEngine, load_model, load_ranges
from detector.models.registry import ModelFiles
from detector.settings import Settings
from detector.values import Floats


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Open a session on the processor; its `run` may be called from several threads at once."""
    network, kernels, class_names = load_model(files, settings.side)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    graph = build_onnx(network, kernels, load_ranges(files, network, kernels, settings.precision))
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = list(output_names(network))

    def forward(tensor: Floats) -> tuple[Floats, ...]:
        return tuple(session.run(names, {INPUT: tensor}))

    return NetworkEngine("onnxruntime", network, class_names, forward)
