"""OpenVINO, the default engine."""

import openvino as ov
import openvino.properties.hint as hints
from openvino import properties

from detector.darknet.network import Network
from detector.darknet.onnx_graph import build_onnx
from detector.darknet.weights import Kernel
from detector.engines.base import Engine, Forward, NetworkEngine, load_network
from detector.models.registry import ModelFiles
from detector.settings import Settings
from detector.values import Floats


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Compile the model for the processor."""
    network, kernels, class_names = load_network(files, settings.side)
    forward = _forward(compile_model(network, kernels, settings.threads))
    return NetworkEngine("openvino", network, class_names, forward)


def compile_model(network: Network, kernels: tuple[Kernel, ...], threads: int) -> ov.CompiledModel:
    """The network in float32 with its threads left to the scheduler.

    Unasked, OpenVINO takes bfloat16 where the processor has it, and pins its threads, so that two processes
    share one core while the others rest (openvino issue 32444).
    """
    core = ov.Core()
    model = core.read_model(build_onnx(network, kernels))
    config = {
        hints.inference_precision: ov.Type.f32,
        hints.enable_cpu_pinning: False,
        hints.performance_mode: hints.PerformanceMode.LATENCY,
        properties.inference_num_threads: threads,
    }
    return core.compile_model(model, "CPU", config)


def _forward(compiled: ov.CompiledModel) -> Forward:
    def forward(tensor: Floats) -> tuple[Floats, ...]:
        # Calling `compiled` itself would share one request, and so its results, between threads.
        request = compiled.create_infer_request()
        request.infer([tensor], share_inputs=True)
        return tuple(request.get_output_tensor(i).data for i in range(len(compiled.outputs)))

    return forward
