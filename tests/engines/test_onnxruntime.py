"""Where ONNX Runtime computes: the choice, and its error. No GPU is needed, and none is tried."""

from pathlib import Path
from unittest.mock import Mock

import pytest

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

import onnxruntime

from detector.engines.onnxruntime import CPU, CUDA, open_engine, providers_for
from detector.errors import EngineError
from detector.settings import Precision, Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files


@pytest.mark.parametrize(
    ("available", "precision", "chosen"),
    [
        ([CPU], "float32", [CPU]),
        ([CUDA, CPU], "float32", [CUDA, CPU]),
        ([CUDA, CPU], "int8", [CPU]),
        (["TensorrtExecutionProvider", CUDA, CPU], "float32", [CUDA, CPU]),
        (["AzureExecutionProvider", CPU], "float32", [CPU]),
    ],
)
def test_a_gpu_is_taken_where_this_onnx_runtime_was_built_for_one(
    available: list[str], precision: Precision, chosen: list[str]
) -> None:
    assert [name for name, _ in providers_for(available, precision)] == chosen


def test_on_a_gpu_float32_is_float32() -> None:
    assert providers_for([CUDA, CPU], "float32")[0] == (CUDA, {"use_tf32": 0})


def test_a_gpu_that_cannot_be_used_is_said_and_not_replaced_by_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fallen_back = Mock(get_providers=lambda: [CPU])
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: fallen_back)
    files = model_files(tmp_path, EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    with pytest.raises(EngineError, match=r"no GPU that it can use.*install onnxruntime for the processor"):
        open_engine(files, Settings(engine="onnxruntime"))
