"""ncnn, which multiplies small convolutions by Winograd's method: fewer multiplications, a little less exact."""

import tempfile
from pathlib import Path

import ncnn
import numpy as np

from detector.darknet.ncnn_graph import INPUT, model_bytes, param_text
from detector.darknet.network import output_names
from detector.engines.base import Engine, NetworkEngine, load_model
from detector.errors import EngineError
from detector.models.registry import ModelFiles
from detector.settings import Settings
from detector.values import Floats


def open_engine(files: ModelFiles, settings: Settings) -> Engine:
    """Load the network in float32; one net may be read by several threads at once, each with its own extractor."""
    network, kernels, class_names = load_model(files, settings.side)
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    if settings.threads:
        net.opt.num_threads = settings.threads
    if net.load_param_mem(param_text(network)):
        raise EngineError("ncnn cannot read the network; choose another engine")
    with tempfile.TemporaryDirectory() as folder:  # from memory it would go on reading a buffer that has gone
        path = Path(folder, "model.bin")
        with path.open("wb") as file:
            file.writelines(model_bytes(kernels))
        if net.load_model(str(path)):
            raise EngineError("ncnn cannot read the weights; choose another engine")
    names = output_names(network)

    def forward(tensor: Floats) -> tuple[Floats, ...]:
        with net.create_extractor() as extractor:
            extractor.input(INPUT, ncnn.Mat(np.ascontiguousarray(tensor[0])))
            return tuple(np.array(extractor.extract(name)[1])[np.newaxis] for name in names)

    return NetworkEngine("ncnn", network, class_names, forward)
