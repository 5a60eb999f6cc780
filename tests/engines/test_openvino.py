"""OpenVINO's settings, and the compiled copy that a second start takes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.darknet.network import read_network
from detector.engines.base import NetworkEngine
from detector.engines.catalog import open_engine
from detector.errors import ModelError
from detector.models.registry import ModelFiles
from detector.settings import Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, Floats, model_files, noise_picture

pytest.importorskip("openvino", reason="OpenVINO is not installed")
SETTINGS = Settings(threads=1)


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    return replace(
        model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES), compiled=tmp_path / "kept"
    )


def rows(files: ModelFiles, settings: Settings = SETTINGS) -> Floats:
    engine = open_engine(files, settings)
    assert isinstance(engine, NetworkEngine)
    return engine.rows(noise_picture(120, 90), settings)


@pytest.mark.parametrize("start", ["first", "second"])
def test_it_computes_in_float32_and_pins_no_threads(files: ModelFiles, start: str) -> None:
    from detector.engines.openvino import load_compiled

    network = read_network(files.cfg.read_text())
    for _ in range(1 if start == "first" else 2):
        compiled = load_compiled(files, SETTINGS, network)
    assert compiled.get_property("INFERENCE_PRECISION_HINT").to_string() == "f32"
    assert compiled.get_property("ENABLE_CPU_PINNING") is False
    streams = compiled.get_property("NUM_STREAMS")
    assert compiled.get_property("INFERENCE_NUM_THREADS") == streams * SETTINGS.threads


def test_a_second_start_compiles_nothing_and_gives_the_same(
    files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rows(files)
    monkeypatch.setattr("detector.engines.openvino.compile_model", None)
    np.testing.assert_array_equal(rows(files), first)


def test_what_another_weights_file_or_side_gave_is_not_taken(files: ModelFiles, tmp_path: Path) -> None:
    first = rows(files)
    other = model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES, seed=9)
    changed = rows(replace(other, compiled=files.compiled))
    assert not np.array_equal(changed, first)
    np.testing.assert_array_equal(changed, rows(other))
    larger = rows(files, replace(SETTINGS, side=128))
    assert larger.shape != first.shape
    assert files.compiled
    assert len(list(files.compiled.iterdir())) == 3


def test_a_copy_that_openvino_refuses_is_compiled_anew(
    files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rows(files)
    monkeypatch.setattr("detector.models.compiled.find", lambda folder, recipe: b"nonsense")
    np.testing.assert_array_equal(rows(files), first)


def test_weights_that_cannot_be_read_are_named_as_ever(files: ModelFiles) -> None:
    files.weights.unlink()
    with pytest.raises(ModelError, match=r"own\.weights cannot be read"):
        rows(files)
