"""The page without a browser: what it shows, and how often it lets the model run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from detector import pipeline
from detector.pipeline import Result
from detector.settings import Settings
from detector.values import Picture
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, noise_picture

PAGE = str(Path(__file__).parent.parent / "streamlit_app.py")


@pytest.fixture
def detections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Settings]]:
    """A page on a model of one's own, needing no download; the settings of every detector call are noted."""
    model_files(tmp_path / "insects", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    monkeypatch.setenv("DETECTOR_HOME", str(tmp_path / "store"))
    monkeypatch.setenv("DETECTOR_MODEL_FOLDERS", str(tmp_path / "insects"))
    monkeypatch.setenv("DETECTOR_MODEL", "insects")
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "0.1")
    calls: list[Settings] = []
    real = pipeline.detect

    def counted(picture: Picture, engine: Any, settings: Settings) -> Result:
        calls.append(settings)
        return real(picture, engine, settings)

    monkeypatch.setattr(pipeline, "detect", counted)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield calls
    st.cache_resource.clear()
    st.cache_data.clear()


def opened() -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not page.exception
    return page


def picture_bytes(seed: int = 0) -> bytes:
    return file_bytes(Image.fromarray(noise_picture(320, 240, seed).pixels), "PNG")


def with_picture(data: bytes | None = None, name: str = "blobs.png") -> AppTest:
    page = opened()
    page.file_uploader(key="upload0").upload(name, data or picture_bytes(), "image/png").run()
    assert not page.exception
    return page


def objects(page: AppTest) -> int:
    """The number that the page gives of what it shows."""
    found = re.search(r"\*\*(\d+) objects?\*\*", " ".join(text.value for text in page.markdown))
    assert found
    return int(found[1])


def test_the_page_opens_on_a_sample_that_needs_no_network(detections: list[Settings]) -> None:
    page = opened()
    assert page.file_uploader(key="upload0").label == "Drop up to 20 pictures"
    assert page.radio(key="model").options == ["yolov3-tiny", "yolov3", "insects"]
    assert objects(page) > 0
    assert not page.error


def test_an_uploaded_picture_is_shown_with_its_table(detections: list[Settings]) -> None:
    page = with_picture()
    shown = page.dataframe[0].value
    assert list(shown.columns) == ["#", "label", "confidence", "box"]
    assert len(shown) == objects(page) > 0
    assert set(shown["label"]) <= set(EVERY_LAYER_NAMES)
    assert (shown["confidence"] > 0.1).all()


def test_twenty_slider_values_run_the_model_once(detections: list[Settings]) -> None:
    page = with_picture()
    detections.clear()
    counts = []
    for step in range(20):
        page.slider(key="conf").set_value(0.05 + step / 100).run()
        counts.append(len(page.dataframe[0].value) if page.dataframe else 0)
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]
    assert not detections


def test_another_picture_runs_the_model_again(detections: list[Settings]) -> None:
    page = with_picture()
    detections.clear()
    page.file_uploader(key="upload0").upload("other.png", picture_bytes(1), "image/png").run()
    assert len(detections) == 1


def test_a_file_that_is_no_picture_gets_one_sentence(detections: list[Settings]) -> None:
    page = with_picture(b"just words", "*no*.png")
    assert page.error[0].value == (
        r"**\*no\*\.png**: this is not a picture that can be read; use a JPEG, PNG, WebP, BMP or GIF picture"
    )
    assert not page.dataframe


def test_when_nothing_shows_the_page_says_what_is_hidden(detections: list[Settings]) -> None:
    page = with_picture()
    page.slider(key="conf").set_value(0.95).run()
    assert "weaker guesses hidden; the best is" in page.info[0].value
    assert objects(page) == 0


def test_a_model_that_is_not_there_gets_one_sentence(
    detections: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.models.sources.WebSource.fetch", refuse)
    page = with_picture()
    page.radio(key="model").set_value("yolov3").run()
    assert page.error[0].value.startswith("**yolov3** is not on this server and could not be fetched.")
    assert str(Path.home()) not in page.error[0].value
    assert not page.exception


def test_a_wrong_setting_of_the_server_gets_one_sentence(
    detections: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "much")
    page = opened()
    assert "DETECTOR" in page.error[0].value
    assert "much" in page.error[0].value


def refuse(*_: object) -> None:
    from detector.errors import DownloadError

    raise DownloadError("no connection")
