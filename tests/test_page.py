"""The page without a browser: what it shows, and how often it lets the model run."""

import gc
import os
import re
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from detector import pipeline
from detector.pipeline import Result
from detector.service import service
from detector.settings import Config, Settings
from detector.values import Picture
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, noise_picture

PAGE = str(Path(__file__).parent.parent / "streamlit_app.py")


@pytest.fixture(autouse=True, scope="module")
def quick_starts() -> Iterator[None]:
    """Streamlit searches all that is installed for components at each start, and all that is loaded for garbage."""
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        scanner = "streamlit.components.v2.manifest_scanner.scan_component_manifests"
        patch.setattr(scanner, list)  # none of what is installed is used by the page
        yield
    gc.unfreeze()


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
    service.cache_clear()
    st.cache_data.clear()
    yield calls
    service.cache_clear()
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


def test_of_an_animation_the_page_says_that_its_first_frame_was_looked_at(detections: list[Settings]) -> None:
    frames = [Image.fromarray(noise_picture(320, 240, seed).pixels) for seed in (0, 1)]
    page = with_picture(file_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:]), "two.gif")
    said = "This picture moves; its first frame was looked at."
    assert said in [caption.value for caption in page.caption]
    assert said not in [caption.value for caption in with_picture().caption]


def test_the_page_says_where_the_time_went(detections: list[Settings]) -> None:
    facts = next(text for text in with_picture().markdown if text.help)
    assert re.findall(r"(\w+) [0-9.]+ ms", facts.help) == ["decode", "prepare", "forward", "suppress"]


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


def test_what_could_not_be_fetched_is_tried_again_only_when_asked_for(
    detections: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    def noted(*arguments: object) -> None:
        tries.append(arguments)
        refuse()

    monkeypatch.setattr("detector.models.sources.WebSource.fetch", noted)
    page = with_picture()
    page.radio(key="model").set_value("yolov3").run()
    tried = len(tries)
    assert tried
    page.slider(key="conf").set_value(0.3).run()
    assert page.error[0].value.startswith("**yolov3** is not on this server")
    assert len(tries) == tried
    page.button(key="again yolov3").click().run()
    assert len(tries) == 2 * tried


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


def test_many_pictures_are_listed_and_a_bad_one_spoils_none(detections: list[Settings]) -> None:
    page = opened()
    files = [("one.png", picture_bytes(1), "image/png"), ("words.png", b"words", "image/png")]
    files.append(("two.png", picture_bytes(2), "image/png"))
    page.file_uploader(key="upload0").set_value(files).run()
    assert not page.exception
    listed = page.dataframe[0].value
    assert listed["picture"].tolist() == ["one.png", "words.png", "two.png"]
    assert listed["objects"].notna().tolist() == [True, False, True]
    assert "not a picture" in listed["found"][1]
    page.button(key="next").click().run()
    assert page.error[0].value.startswith(r"**words\.png**")
    assert page.session_state["pictures"]["selection"]["rows"] == [1]
    page.button(key="next").click().run()
    assert not page.error
    assert objects(page) == listed["objects"][2]
    page.button(key="clear").click().run()
    assert "sample" in page.pills(key="sample").label


def test_more_pictures_than_allowed_are_left_out_and_said(detections: list[Settings]) -> None:
    page = opened()
    files = [(f"{seed}.png", picture_bytes(seed), "image/png") for seed in range(22)]
    page.file_uploader(key="upload0").set_value(files).run()
    assert page.warning[0].value == "The first 20 of 22 pictures are used."
    assert len(page.dataframe[0].value) == 20


def test_classes_and_display_never_run_the_model_again(detections: list[Settings]) -> None:
    page = with_picture()
    detections.clear()
    before = objects(page)
    labels = page.dataframe[0].value["label"]
    page.pills(key="found_classes").set_value([labels[0]]).run()
    assert page.dataframe[0].value["label"].tolist() == [label for label in labels if label == labels[0]]
    page.pills(key="found_classes").set_value([]).run()
    for key in ("boxes", "labels", "scores"):
        page.toggle(key=key).set_value(False).run()
    assert objects(page) == before
    assert not detections


def test_overlap_runs_the_model_again(detections: list[Settings]) -> None:
    page = with_picture()
    detections.clear()
    page.slider(key="nms").set_value(0.9).run()
    assert [settings.nms_iou for settings in detections] == [0.9]


def test_a_chosen_row_shows_its_crop(detections: list[Settings]) -> None:
    page = with_picture()
    label = page.dataframe[0].value["label"][1]
    key = page.dataframe[0].proto.id.split("-", 2)[2]  # an element's id ends with its key
    page.session_state[key] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    page.run()
    assert not page.exception
    assert any(image.proto.imgs[0].alt == f"{label}, cut out of the picture" for image in page.image)


def test_a_hidden_guess_can_be_shown_with_one_click(detections: list[Settings]) -> None:
    page = with_picture()
    page.slider(key="conf").set_value(0.95).run()
    page.button(key="lower").click().run()
    assert objects(page) >= 1
    assert not page.info


def test_a_link_restores_what_was_chosen(detections: list[Settings]) -> None:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update({"conf": "0.15", "fit": "letterbox", "compare": "true", "model_b": "insects"})
    page.run()
    assert not page.exception
    assert page.slider(key="conf").value == 0.15
    assert page.toggle(key="compare").value is True
    assert {settings.fit for settings in detections} == {"letterbox", "stretch"}


def test_bad_values_in_a_link_fall_back_to_the_defaults(detections: list[Settings]) -> None:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update({"conf": "9", "model": "<script>", "sample": "no", "side": "17", "view": "x"})
    page.run()
    assert not page.exception
    assert page.slider(key="conf").value == 0.1
    assert page.radio(key="model").value == "insects"
    assert page.selectbox(key="side").value is None


def compared(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    second: str,
    other_names: list[str] = EVERY_LAYER_NAMES,
) -> AppTest:
    """The page comparing two models of one's own, which differ in their weights and perhaps in their names."""
    model_files(tmp_path / "others", EVERY_LAYER_CFG, other_names, seed=7)
    monkeypatch.setenv("DETECTOR_MODEL_FOLDERS", f"{tmp_path / 'insects'}{os.pathsep}{tmp_path / 'others'}")
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update({"compare": "true", "model": first, "model_b": second})
    page.run()
    page.file_uploader(key="upload0").upload("blobs.png", picture_bytes(), "image/png").run()
    assert not page.exception
    return page


def scores(page: AppTest, column: str) -> list[float]:
    return sorted(page.dataframe[0].value[column].dropna().tolist())


def test_two_models_are_truly_two_in_either_order(
    detections: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = compared(tmp_path, monkeypatch, "insects", "others")
    a, b = scores(page, "score A"), scores(page, "score B")
    assert a
    assert b
    assert a != b
    service.cache_clear()
    page = compared(tmp_path, monkeypatch, "others", "insects")
    assert (scores(page, "score A"), scores(page, "score B")) == (b, a)


def test_a_comparison_can_be_taken_away(
    detections: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = compared(tmp_path, monkeypatch, "insects", "others")
    labels = [button.label for button in page.download_button]
    assert labels == ["Download both pictures", "Table as CSV"]


def test_a_model_compared_with_itself_agrees_wholly(
    detections: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = compared(tmp_path, monkeypatch, "insects", "insects")
    assert set(page.dataframe[0].value["who"]) == {"both"}
    assert page.dataframe[0].value["IoU"].min() == pytest.approx(1)
    page.segmented_control(key="view").set_value("Differences only").run()
    assert page.dataframe[0].value.empty


def test_what_waits_is_looked_at_bit_by_bit_and_can_be_stopped(
    detections: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.page.visit.SHOW_AFTER_S", -1)
    page = opened()
    page.session_state["visit"].stopped = True
    files = [(f"{seed}.png", picture_bytes(seed), "image/png") for seed in range(4)]
    detections.clear()
    page.file_uploader(key="upload0").set_value(files).run()
    assert len(detections) == 1
    assert page.dataframe[0].value["objects"].notna().tolist() == [True, False, False, False]
    assert objects(page) == page.dataframe[0].value["objects"][0]
    page.button(key="next").click().run()  # the one that is shown is looked at all the same
    assert page.dataframe[0].value["objects"].notna().tolist() == [True, True, False, False]
    assert page.button(key="stop").label == "Go on"
    page.button(key="stop").click().run()
    assert page.dataframe[0].value["objects"].notna().all()
    assert len(detections) == 4


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETECTOR_MAX_RUNNING", "1")
    monkeypatch.setenv("DETECTOR_MAX_WAITING", "1")
    monkeypatch.setenv("DETECTOR_MAX_WAIT_S", "0.5")


def test_a_visitor_learns_of_the_queue_and_is_asked_to_come_again(
    detections: list[Settings], one_place: None
) -> None:
    page = opened()
    gate = service(Config.from_env(os.environ)).gate
    others = [gate.join(), gate.join()]
    page.file_uploader(key="upload0").upload("blobs.png", picture_bytes(), "image/png").run()
    assert page.warning[0].value == r"1 are waiting already; try again in some seconds"
    gate.leave(others.pop())
    page.button(key="again").click().run()
    assert "This server is busy" in page.warning[0].value  # its turn did not come in time
    assert (gate.running, gate.waiting) == (1, 0)
    gate.leave(others.pop())
    page.button(key="again").click().run()
    assert not page.warning
    assert objects(page) > 0
    assert (gate.running, gate.waiting) == (0, 0)


def test_two_visitors_see_their_own_pictures_only(detections: list[Settings]) -> None:
    one, other = with_picture(picture_bytes(1), "one.png"), with_picture(picture_bytes(2), "other.png")
    one.slider(key="conf").set_value(0.2).run()
    for page, name, stranger in ((one, "one.png", "other.png"), (other, "other.png", "one.png")):
        alts = [image.proto.imgs[0].alt for image in page.image]
        assert any(name in alt for alt in alts)
        assert not any(stranger in alt for alt in alts)
    assert other.slider(key="conf").value == 0.1


def test_what_was_kept_for_a_visitor_goes_with_the_visit(detections: list[Settings]) -> None:
    page = with_picture()
    kept = weakref.ref(page.session_state["visit"])
    assert kept()
    del page
    gc.collect()
    assert kept() is None


def test_when_the_model_finds_nothing_at_all_the_page_says_so(
    detections: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.page.choose.FLOOR", 0.9)
    page = with_picture()
    assert page.info[0].value == "The model found none of its 3 classes in this picture."


def test_when_the_class_filter_hides_everything_one_click_shows_all(detections: list[Settings]) -> None:
    page = with_picture()
    found = set(page.dataframe[0].value["label"])
    missing = next(name for name in page.multiselect(key="cls").options if name not in found)
    page.multiselect(key="cls").set_value([missing]).run()
    assert any(f"none in {missing}." in info.value for info in page.info)
    page.button(key="all_classes").click().run()
    assert not page.info
    assert set(page.dataframe[0].value["label"]) == found


def test_when_the_chosen_class_is_only_guessed_at_one_click_shows_it(detections: list[Settings]) -> None:
    page = with_picture()
    best = page.dataframe[0].value.drop_duplicates("label").set_index("label")["confidence"]
    page.slider(key="conf").set_value(round(float(best.max()) - 0.005, 2)).run()
    weaker = best.index[-1]
    page.multiselect(key="cls").set_value([weaker]).run()
    assert f"Nothing in {weaker} scores over" in page.info[0].value
    assert f"the best is **{weaker}, {best[weaker]:.2f}**" in page.info[0].value
    page.button(key="lower").click().run()
    assert set(page.dataframe[0].value["label"]) == {weaker}


def test_own_classes_are_offered_and_those_of_both_when_comparing(
    detections: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened().multiselect(key="cls").options == EVERY_LAYER_NAMES
    page = compared(tmp_path, monkeypatch, "insects", "others", ["bee", "wasp", "cat"])
    assert page.multiselect(key="cls").options == [*EVERY_LAYER_NAMES, "wasp"]


def test_a_preset_sets_its_values_and_reset_brings_the_start_back(detections: list[Settings]) -> None:
    page = with_picture()
    page.button(key="darknet").click().run()
    assert (detections[-1].fit, detections[-1].suppression, detections[-1].nms_iou) == (
        "letterbox",
        "class",
        0.45,
    )
    page.slider(key="conf").set_value(0.3).run()
    page.multiselect(key="cls").set_value(EVERY_LAYER_NAMES[:1]).run()
    page.toggle(key="numbers").set_value(False).run()
    page.button(key="reset").click().run()
    assert not page.exception
    assert (page.selectbox(key="fit").value, page.slider(key="nms").value) == ("stretch", 0.3)
    assert page.slider(key="conf").value == 0.1
    assert page.multiselect(key="cls").value == []
    assert page.toggle(key="numbers").value


def test_the_picture_can_be_large(detections: list[Settings]) -> None:
    page = with_picture()
    columns = len(page.columns)
    page.toggle(key="large").set_value(True).run()
    assert len(page.columns) == columns - 2
    assert not page.exception
