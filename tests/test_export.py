"""A model written for other runtimes, each file read by its own: what it gives is what the engines give."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from detector.cli import cli
from detector.engines.base import NetworkEngine, load_network
from detector.engines.catalog import open_engine
from detector.errors import DetectorError, EngineError
from detector.export import FORMATS, MAPS_ONLY, export
from detector.models.registry import ModelFiles
from detector.settings import Settings
from detector.yolo.heads import decode_maps
from detector.yolo.suppress import cxcywh_to_xyxy
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, Floats, model_files, use_own_model
from tests.conftest import ROOT

Outputs = dict[str, Floats]
OUTPUTS = ("map0", "map1", "boxes", "scores")
DECODING = [file_format for file_format in FORMATS if file_format not in MAPS_ONLY]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return model_files(tmp_path_factory.mktemp("own"), EVERY_LAYER_CFG, EVERY_LAYER_NAMES)


def by_onnx(folder: Path, tensor: Floats) -> Outputs:
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    session = runtime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"picture": tensor}), strict=True))


def by_openvino(folder: Path, tensor: Floats) -> Outputs:
    openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    float32 = {"INFERENCE_PRECISION_HINT": "f32"}  # as the card says
    found = openvino.compile_model(folder / "model.xml", "CPU", float32)({"picture": tensor})
    named = [(name, values) for output, values in found.items() for name in output.names]
    return {name: values for name, values in named if name in OUTPUTS}  # each has its layer's name too


def by_ncnn(folder: Path, tensor: Floats) -> Outputs:
    runtime = pytest.importorskip("ncnn", reason="ncnn is not installed")
    net = runtime.Net()
    assert net.load_param(str(folder / "model.ncnn.param")) == 0
    assert net.load_model(str(folder / "model.ncnn.bin")) == 0
    extractor = net.create_extractor()
    extractor.input("picture", runtime.Mat(tensor[0]))
    return {name: np.array(extractor.extract(name)[1])[np.newaxis] for name in ("map0", "map1")}


def by_saved_model(folder: Path, tensor: Floats) -> Outputs:
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    loaded = tf.saved_model.load(str(folder / "saved_model"))
    found = loaded.signatures["serving_default"](picture=tf.constant(tensor))
    return {name: values.numpy() for name, values in found.items()}


def by_tflite(folder: Path, tensor: Floats) -> Outputs:
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    with pytest.warns(UserWarning, match="tf.lite.Interpreter is deprecated"):
        runner = tf.lite.Interpreter(str(folder / "model.tflite")).get_signature_runner()
    found: Outputs = runner(picture=tensor)
    return found


READERS: dict[str, Callable[[Path, Floats], Outputs]] = {
    "onnx": by_onnx,
    "openvino": by_openvino,
    "ncnn": by_ncnn,
    "saved_model": by_saved_model,
    "tflite": by_tflite,
}


def by_opencv(folder: Path, tensor: Floats) -> Outputs:
    net = cv2.dnn.readNetFromONNX(str(folder / "model.onnx"))
    net.setInput(tensor)
    boxes, scores = (np.asarray(values, dtype=np.float32) for values in net.forward(["boxes", "scores"]))
    return {"boxes": boxes, "scores": scores}


def engine_and_tensor(files: ModelFiles) -> tuple[NetworkEngine, Floats]:
    """An engine to hold what was written against, and an input for both."""
    engine = open_engine(files, Settings(engine="opencv"))
    assert isinstance(engine, NetworkEngine)
    width, height = engine.input_wh
    return engine, np.random.default_rng(4).random((1, 3, height, width), dtype=np.float32)


def need(file_format: str) -> None:
    """Skip where what writes the format is not installed."""
    if file_format in ("saved_model", "tflite"):
        pytest.importorskip("tensorflow", reason="TensorFlow is not installed")


@pytest.mark.parametrize("file_format", FORMATS)
def test_its_own_runtime_gives_the_maps_of_the_engines(
    file_format: str, files: ModelFiles, tmp_path: Path
) -> None:
    need(file_format)
    engine, tensor = engine_and_tensor(files)
    written = export(files, file_format, tmp_path)
    assert all(path.exists() for path in written)
    found = READERS[file_format](tmp_path, tensor)
    expected = engine.forward(tensor)
    assert sorted(found) == ["map0", "map1"]
    for i, values in enumerate(expected):
        np.testing.assert_allclose(found[f"map{i}"], values, rtol=0, atol=2e-4)


@pytest.mark.parametrize("file_format", DECODING)
def test_boxes_and_scores_of_a_model_that_decodes_are_those_of_decode_maps(
    file_format: str, files: ModelFiles, tmp_path: Path
) -> None:
    need(file_format)
    engine, tensor = engine_and_tensor(files)
    export(files, file_format, tmp_path, decode=True)
    readers = [READERS[file_format], by_opencv] if file_format == "onnx" else [READERS[file_format]]
    network, _ = load_network(files, None)
    rows = decode_maps(engine.forward(tensor), network)
    card: dict[str, Any] = json.loads((tmp_path / "card.json").read_text())
    for reader in readers:
        found = reader(tmp_path, tensor)
        assert {name: list(values.shape) for name, values in found.items()} == {
            output["name"]: output["shape"] for output in card["outputs"]
        }
        np.testing.assert_allclose(found["boxes"], cxcywh_to_xyxy(rows[:, :4]), rtol=2e-4, atol=1e-5)
        np.testing.assert_allclose(found["scores"], rows[:, 5:], rtol=0, atol=1e-5)


def test_decoding_in_ncnn_is_refused_with_the_formats_that_can(files: ModelFiles, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="as ncnn; it can as onnx, openvino, saved_model, tflite"):
        export(files, "ncnn", tmp_path / "none", decode=True)
    assert not (tmp_path / "none").exists()


def test_the_card_says_what_the_outputs_are(files: ModelFiles, tmp_path: Path) -> None:
    export(files, "onnx", tmp_path, side=64)
    card: dict[str, Any] = json.loads((tmp_path / "card.json").read_text())
    assert card["input"]["shape"] == [1, 3, 64, 64]
    assert [head["name"] for head in card["outputs"]] == ["map0", "map1"]
    assert len(card["weights_sha256"]) == 64
    assert (tmp_path / "names.txt").read_text().split() == EVERY_LAYER_NAMES


def test_a_folder_that_cannot_be_written_to_is_named(files: ModelFiles, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(DetectorError, match="taken/inside cannot be written to"):
        export(files, "onnx", tmp_path / "taken" / "inside")


def test_the_command_lists_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["export", "own", "--format", "ncnn"])
    assert done.exit_code == 0, done.output
    listed = ["model.ncnn.param", "model.ncnn.bin", "names.txt", "card.json"]
    assert done.output.split() == [str(Path("own-ncnn", name)) for name in listed]
    assert all((tmp_path / "own-ncnn" / name).is_file() for name in listed)


def test_the_command_writes_a_model_that_decodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["export", "own", "--decode"])
    assert done.exit_code == 0, done.output
    card = json.loads((tmp_path / "own-onnx" / "card.json").read_text())
    assert [output["name"] for output in card["outputs"]] == ["boxes", "scores"]
    assert card["decoding"].startswith("Done inside.")


def test_the_formats_are_listed_without_importing_what_writes_them() -> None:
    code = "import sys, detector.cli; assert not {'numpy', 'cv2', 'onnx'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
