"""OpenVINO, the default engine."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import openvino as ov
import openvino.properties.hint as hints
from openvino import properties

from detector import darknet
from detector.darknet.network import Network
from detector.darknet.quantize import round_to_bfloat16
from detector.darknet.ranges import INPUT_LAYER, Ranges
from detector.darknet.weights import Kernel, read_weights
from detector.engines.base import Engine, Forward, NetworkEngine, load_network, load_ranges
from detector.errors import EngineError
from detector.machine import Machine
from detector.models import compiled
from detector.models.assets import sha256_of
from detector.models.registry import ModelFiles
from detector.settings import Precision, Settings
from detector.values import Floats

_MOST_STREAMS = 8  # each holds what an inference needs, some 10 MB for yolov3-tiny


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Load the model. Raises EngineError for bfloat16 on a processor without it."""
    network, class_names = load_network(files, settings.side)
    return NetworkEngine("openvino", network, class_names, _forward(load_compiled(files, settings, network)))


def load_compiled(files: ModelFiles, settings: Settings, network: Network) -> ov.CompiledModel:
    """The model compiled for this processor: now, or at an earlier start, which spares reading and building it."""
    recipe = _recipe(files, settings)
    if files.compiled and recipe and (made := compiled.find(files.compiled, recipe)):
        with suppress(RuntimeError):  # it was made here by this version, yet OpenVINO promises nothing
            return ov.Core().import_model(made, "CPU", _config(settings.precision, settings.threads))
    kernels = read_weights(files.weights, network)
    ranges = load_ranges(files, network, kernels, settings.precision)
    model = compile_model(network, kernels, settings.threads, settings.precision, ranges)
    if files.compiled and recipe:
        compiled.keep(files.compiled, recipe, model.export_model().getvalue())
    return model


def _recipe(files: ModelFiles, settings: Settings) -> str:
    """Everything that decides what is compiled; "" where a file cannot be read, which reading it then explains."""
    cpu, code = ov.Core(), sorted(Path(darknet.__file__).parent.glob("*.py"))
    ranges = [files.ranges] if settings.precision == "int8" and files.ranges else []
    try:
        return "\n".join(
            (
                ov.get_version(),
                cpu.get_property("CPU", properties.device.full_name),
                *sorted(cpu.get_property("CPU", properties.device.capabilities)),
                f"{settings.side} {settings.threads} {settings.precision}",
                files.weights_sha256(),
                *map(sha256_of, (files.cfg, *ranges, *code)),
            )
        )
    except OSError:
        return ""


def compile_model(
    network: Network,
    kernels: tuple[Kernel, ...],
    threads: int,
    precision: Precision = "float32",
    ranges: Ranges | None = None,
) -> ov.CompiledModel:
    """The network with its threads left to the scheduler; what ranges leave in float is float32.

    Unasked, OpenVINO takes bfloat16 where the processor has it, and pins its threads, so that two processes
    share one core while the others rest (openvino issue 32444).
    """
    # onnx takes a while to import, and most starts compile nothing.
    from detector.darknet.onnx_graph import build_onnx

    core = ov.Core()
    if precision == "bfloat16":
        check_bfloat16(core.get_property("CPU", properties.device.capabilities))
        kernels = tuple(replace(kernel, weights=round_to_bfloat16(kernel.weights)) for kernel in kernels)
    model = core.read_model(build_onnx(network, kernels, ranges))
    return core.compile_model(model, "CPU", _config(precision, threads))


def _config(precision: Precision, threads: int) -> dict[Any, Any]:
    """As many inferences side by side as there are cores for their threads; by itself OpenVINO would do one."""
    streams = min(max(1, Machine.here().cores // threads), _MOST_STREAMS) if threads else 1
    return {
        properties.num_streams: streams,
        hints.inference_precision: ov.Type.bf16 if precision == "bfloat16" else ov.Type.f32,
        hints.enable_cpu_pinning: False,
        hints.performance_mode: hints.PerformanceMode.LATENCY,
        properties.inference_num_threads: streams * threads,
    }


def check_bfloat16(capabilities: Sequence[str]) -> None:
    """Without it in the processor OpenVINO would quietly compute in float32. Raises EngineError."""
    if "BF16" not in capabilities:
        raise EngineError("this processor does not compute in bfloat16; use --precision float32 or int8")


def open_layers(
    network: Network, kernels: tuple[Kernel, ...], layers: Sequence[int]
) -> Callable[[Floats], dict[int, Floats]]:
    """What those convolutions and shortcuts give in float32, -1 being the input: for calibration, one thread only."""
    from detector.darknet.onnx_graph import build_onnx, tensor_name

    core = ov.Core()
    model = core.read_model(build_onnx(network, kernels))
    names = {layer: tensor_name(layer) for layer in layers if layer != INPUT_LAYER}
    model.add_outputs(list(names.values()))
    request = core.compile_model(model, "CPU", _config("float32", threads=0)).create_infer_request()

    def values(tensor: Floats) -> dict[int, Floats]:
        request.infer([tensor])
        found = {layer: request.get_tensor(name).data for layer, name in names.items()}
        return {INPUT_LAYER: tensor, **found} if INPUT_LAYER in layers else found

    return values


def save_ir(network: Network, kernels: tuple[Kernel, ...], folder: Path, decode: bool) -> list[Path]:
    """OpenVINO's own two files, for its model server too."""
    from detector.darknet.onnx_graph import build_onnx

    target = folder / "model.xml"
    model = ov.Core().read_model(build_onnx(network, kernels, decode=decode))
    ov.save_model(model, target, compress_to_fp16=False)
    return [target, target.with_suffix(".bin")]


def _forward(model: ov.CompiledModel) -> Forward:
    # OpenVINO fills its table of types when first asked; two threads that ask first at once wait for each other.
    ov.Type.f32.to_dtype()

    def forward(tensor: Floats) -> tuple[Floats, ...]:
        # Calling `model` itself would share one request, and so its results, between threads.
        request = model.create_infer_request()
        request.infer([tensor], share_inputs=True)
        return tuple(request.get_output_tensor(i).data for i in range(len(model.outputs)))

    return forward
