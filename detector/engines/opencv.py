"""OpenCV's DNN module, 4 or 5, on the ONNX graph: OpenCV 5 has no Darknet importer any more."""

from threading import Lock

import cv2
import numpy as np

from detector.darknet.network import output_names
from detector.darknet.onnx_graph import build_onnx
from detector.engines.base import Engine, NetworkEngine, load_model
from detector.models.registry import ModelFiles
from detector.settings import Settings
from detector.values import Floats


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Load the graph. `threads` holds for all of OpenCV in this process, which has no finer setting."""
    network, kernels, class_names = load_model(files, settings.side)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(build_onnx(network, kernels), dtype=np.uint8))
    names, lock = output_names(network), Lock()
    if settings.threads:
        cv2.setNumThreads(settings.threads)

    def forward(tensor: Floats) -> tuple[Floats, ...]:
        with lock:  # a net keeps its input and results inside, and mixes them up between threads
            net.setInput(tensor)
            return tuple(np.asarray(values, dtype=np.float32) for values in net.forward(names))

    return NetworkEngine("opencv", network, class_names, forward)
