from pathlib import Path

import onnx

from detector.darknet.network import output_names, read_network
from detector.darknet.onnx_graph import build_onnx
from detector.darknet.weights import read_weights
from tests.builders import EVERY_LAYER_CFG, weights_bytes


def test_the_graph_is_valid_onnx_with_static_shapes(tmp_path: Path) -> None:
    """What it computes is held against OpenCV's own importer in the tests of the engines."""
    network = read_network(EVERY_LAYER_CFG)
    path = tmp_path / "own.weights"
    path.write_bytes(weights_bytes(network))
    model = onnx.load_from_string(build_onnx(network, read_weights(path, network)))
    onnx.checker.check_model(model, full_check=True)
    outputs = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in model.graph.output
    }
    assert outputs == dict(zip(output_names(network), ([1, 24, 2, 3], [1, 24, 4, 6]), strict=True))
