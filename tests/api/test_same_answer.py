"""Page, API, command line, client and the lines to copy: one picture, one answer."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

import detector
from detector.cli import cli
from detector.client import Client
from detector.results.snippets import curl_line, python_lines
from detector.results.table import COLUMNS, table
from detector.service import service
from detector.settings import Config
from tests.api.conftest import form, picture_bytes
from tests.conftest import ROOT


@pytest.fixture
def environment(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The command line and the page are set up as the server is, and the picture lies in the current folder."""
    monkeypatch.setenv("DETECTOR_MODEL_FOLDERS", str(config.model_folders[0]))
    monkeypatch.setenv("DETECTOR_MODEL", config.settings.model)
    monkeypatch.setenv("DETECTOR_CONFIDENCE", str(config.settings.confidence))
    monkeypatch.setenv("DETECTOR_HOME", str(config.home))
    monkeypatch.chdir(tmp_path)
    Path("blobs.png").write_bytes(picture_bytes())
    return config


def on_the_page() -> list[dict[str, Any]]:
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    page.file_uploader(key="upload0").upload("blobs.png", picture_bytes(), "image/png").run()
    assert not page.exception
    shown = page.dataframe[0].value
    return [dict(zip(COLUMNS, row, strict=True)) for row in shown[list(COLUMNS)].to_numpy().tolist()]


def test_every_way_gives_the_same(environment: Config, url: str) -> None:
    settings = environment.settings
    answer = httpx.post(f"{url}/predict?format=json", files=form()).json()["detections"]
    assert answer
    with Client(url) as client:
        assert client.predict(picture_bytes())["detections"] == answer
    line = CliRunner().invoke(cli, ["detect", "blobs.png", "--json"]).stdout
    assert json.loads(line)["detections"] == answer
    engine = service(environment).pool.get(settings)
    expected = table(detector.detect_in(picture_bytes(), engine, settings).detections)
    assert on_the_page() == expected
    assert [row["confidence"] for row in expected] == [one["score"] for one in answer]


@pytest.mark.parametrize("classes", [[], ["ant", "bee"]], ids=str)
def test_the_lines_to_copy_give_the_same(environment: Config, url: str, classes: list[str]) -> None:
    settings = environment.settings.preset("darknet")
    answer = httpx.post(
        f"{url}/predict", params={"preset": "darknet", "format": "json", "classes": classes}, files=form()
    ).json()["detections"]
    assert answer
    if shutil.which("curl"):
        line = curl_line(url, settings, classes, "blobs.png")
        done = subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=30)
        assert json.loads(done.stdout)["detections"] == answer
    script = python_lines(url, settings, classes, "blobs.png")
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        timeout=30,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert eval(done.stdout) == answer  # what a print of a list of dictionaries gives
