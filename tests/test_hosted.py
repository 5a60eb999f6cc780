"""Settings from Streamlit's secrets: under the environment, over the defaults."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from detector import hosted
from detector.errors import SettingsError
from detector.hosted import environment, hosted_config
from detector.service import service
from tests.builders import use_own_model
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only a small model; and no memory of what this process was started with."""
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setattr(hosted, "STARTED_WITH", tmp_path / "environ")
    service.cache_clear()
    yield
    service.cache_clear()


def opened(secrets: dict[str, Any]) -> AppTest:
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    page.secrets.update(secrets)
    page.run()
    assert not page.exception
    return page


def test_a_secret_sets_what_the_environment_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETECTOR_NMS_IOU", "0.6")
    monkeypatch.setenv("DETECTOR_FIT", " ")
    secrets = {
        "DETECTOR_CONFIDENCE": 0.25,
        "DETECTOR_NMS_IOU": 0.7,
        "DETECTOR_FIT": "letterbox",
        "other": {"x": 1},
    }
    page = opened(secrets)
    assert page.slider(key="conf").value == 0.25
    assert page.slider(key="nms").value == 0.6
    assert page.selectbox(key="fit").value == "letterbox"


def test_secrets_may_be_switches_and_lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = [os.environ["DETECTOR_MODEL_FOLDERS"]]
    for name in ("DETECTOR_MODEL", "DETECTOR_MODEL_FOLDERS"):
        monkeypatch.delenv(name)
    page = opened({"DETECTOR_MODEL_FOLDERS": folders, "DETECTOR_MODEL": "own", "DETECTOR_MODELS": ["yolov3"]})
    assert page.radio(key="model").options == ["yolov3", "own"]
    page = opened({"DETECTOR_MODEL_FOLDERS": folders, "DETECTOR_PUBLIC": True})
    assert "both set" in page.error[0].value


def test_a_wrong_secret_gets_one_sentence() -> None:
    page = opened({"DETECTOR_CONFIDENCE": "much"})
    assert page.error[0].value.replace("\\", "") == (
        "This server is not set up right: DETECTOR_CONFIDENCE is 'much'; it must be a number"
    )


def test_what_the_process_was_started_with_goes_before_what_streamlit_wrote_over_it() -> None:
    given = environment(
        {"DETECTOR_SIDE": "320", "DETECTOR_FIT": "stretch", "PATH": "/bin"},
        {"DETECTOR_SIDE": 320, "DETECTOR_NMS_IOU": 0.4},
        {"DETECTOR_SIDE": "608", "DETECTOR_FIT": "letterbox", "DETECTOR_NMS_IOU": ""},
    )
    assert given == {
        "DETECTOR_SIDE": "608",
        "DETECTOR_FIT": "stretch",
        "DETECTOR_NMS_IOU": "0.4",
        "PATH": "/bin",
    }


def test_without_a_file_nothing_is_said(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "secrets", Secrets())
    assert hosted_config().settings.model == "own"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DETECTOR_SIDE = 320", 608),
        ("DETECTOR_FIT = 'letterbox'", 608),
        ("DETECTOR_SIDE = ", "cannot be read"),
    ],
    ids=["over a variable", "beside one", "a broken file"],
)
def test_a_file_of_secrets_is_read_as_streamlit_reads_it(text: str, expected: Any, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(text)
    script = (
        "import streamlit as st; st.secrets.load_if_toml_exists();"
        "from detector.hosted import hosted_config; print(hosted_config().settings.side)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DETECTOR_SIDE": "608",
            "STREAMLIT_LOGGER_LEVEL": "error",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if expected == "cannot be read":
        assert re.search(r"SettingsError: Streamlit's secrets cannot be read: .*secrets\.toml", done.stderr)
    elif Path("/proc/self/environ").exists():
        assert done.stdout == f"{expected}\n", done.stderr


def test_secrets_that_cannot_be_read_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Secrets):
        def to_dict(self) -> dict[str, Any]:
            from streamlit.errors import StreamlitSecretNotFoundError

            raise StreamlitSecretNotFoundError("a bad line", error_id="failed-parsing-secrets-file")

    monkeypatch.setattr(st, "secrets", Broken())
    with pytest.raises(SettingsError, match="Streamlit's secrets cannot be read: a bad line"):
        hosted_config()
