"""A page that strangers reach: it says so, and allows less."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from detector.errors import ModelError, SettingsError
from detector.models.registry import ModelFiles
from detector.service import service
from detector.settings import PUBLIC, Config, Page, Settings, given_in
from tests.builders import file_bytes, noise_picture, use_own_model
from tests.conftest import ROOT


@pytest.fixture
def public(
    tiny_files: ModelFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """A public page with the real yolov3-tiny and nothing else."""
    use_own_model(tmp_path, monkeypatch)
    for name in ("MODEL", "MODEL_FOLDERS"):
        monkeypatch.delenv(f"DETECTOR_{name}")
    home = tmp_path / "home"
    home.mkdir()
    (home / tiny_files.weights.name).symlink_to(tiny_files.weights.absolute())
    monkeypatch.setenv("DETECTOR_PUBLIC", "1")
    service.cache_clear()
    yield monkeypatch
    service.cache_clear()


def opened() -> AppTest:
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    assert not page.exception
    return page


def pictures(count: int, side: int = 64) -> list[tuple[str, bytes, str]]:
    made = (Image.fromarray(noise_picture(side, side, seed).pixels) for seed in range(count))
    return [(f"{seed}.png", file_bytes(image, "PNG"), "image/png") for seed, image in enumerate(made)]


def test_strangers_read_what_is_allowed_and_are_offered_what_is_there(public: pytest.MonkeyPatch) -> None:
    page = opened()
    said = " ".join(caption.value for caption in page.caption)
    assert "A public demo. It takes 10 pictures at once and 100 a visit" in said
    assert "each of 10 MB and 24 million pixels at most." in said
    assert page.radio(key="model").options == ["yolov3-tiny"]
    assert page.file_uploader(key="upload0").label == "Drop up to 10 pictures"
    assert page.file_uploader(key="upload0").proto.max_upload_size_mb == 10


def test_elsewhere_nothing_is_said_and_both_models_are_offered(public: pytest.MonkeyPatch) -> None:
    public.setenv("DETECTOR_PUBLIC", "0")
    page = opened()
    assert not any("public" in caption.value for caption in page.caption)
    assert page.radio(key="model").options == ["yolov3-tiny", "yolov3"]
    assert page.file_uploader(key="upload0").proto.max_upload_size_mb == 25


def test_larger_pictures_and_more_of_them_are_refused_by_the_server(public: pytest.MonkeyPatch) -> None:
    public.setenv("DETECTOR_MAX_PICTURE_BYTES", "20000")
    public.setenv("DETECTOR_MAX_PICTURES", "2")
    page = opened()
    small, large = pictures(1, 32)[0], ("large.png", pictures(1, 400)[0][1], "image/png")
    page.file_uploader(key="upload0").set_value([large, small, *pictures(3)[1:]]).run()
    assert page.warning[0].value == "The first 2 of 4 pictures are used."
    assert page.dataframe[0].value["objects"].notna().tolist() == [False, True]
    assert "save a smaller copy" in page.error[0].value


def test_a_visit_may_bring_so_many_pictures_and_sees_again_what_it_brought(
    public: pytest.MonkeyPatch,
) -> None:
    public.setenv("DETECTOR_MAX_PICTURES_PER_VISIT", "3")  # the sample is one
    page = opened()
    page.file_uploader(key="upload0").set_value(pictures(4)).run()
    assert page.warning[0].value == "A visit here may bring 3 pictures: 2 of these came after that."
    assert page.dataframe[0].value["picture"].tolist() == ["0.png", "1.png"]
    page.button(key="clear").click().run()
    assert not page.warning
    page.file_uploader(key="upload1").set_value(pictures(2)[:1]).run()
    assert not page.warning
    page.file_uploader(key="upload1").set_value(pictures(4)[3:]).run()
    assert "1 of these" in page.warning[0].value
    assert not page.dataframe
    assert not page.exception


def test_what_is_set_goes_before_what_follows_from_it() -> None:
    config = Config.from_env({"DETECTOR_PUBLIC": "yes", "DETECTOR_MAX_PICTURES": "4"})
    assert (config.page.public, config.page.max_pictures) == (True, 4)
    assert config.limits.max_picture_bytes == int(PUBLIC["max_picture_bytes"])
    given = given_in({"DETECTOR_PUBLIC": "1"})
    assert {name: given[name].origin for name in PUBLIC} == dict.fromkeys(PUBLIC, "DETECTOR_PUBLIC")


@pytest.mark.parametrize("text", ["0", "no", "False", " "])
def test_it_can_be_switched_off(text: str) -> None:
    assert Config.from_env({"DETECTOR_PUBLIC": text}) == Config()


def test_folders_of_ones_own_are_not_for_strangers() -> None:
    with pytest.raises(SettingsError, match="DETECTOR_PUBLIC and DETECTOR_MODEL_FOLDERS are both set"):
        Config.from_env({"DETECTOR_PUBLIC": "1", "DETECTOR_MODEL_FOLDERS": "mine"})


@pytest.mark.parametrize(
    ("config", "offered"),
    [
        (Config(), ["yolov3-tiny", "yolov3"]),
        (Config(models=("yolov3",)), ["yolov3-tiny", "yolov3"]),
        (Config(models=("yolov3-tiny",)), ["yolov3-tiny"]),
        (Config(Settings(model="yolov3"), models=("yolov3",)), ["yolov3"]),
        (Config(page=Page(public=True)), ["yolov3-tiny"]),
        (Config(Settings(model="yolov3"), page=Page(public=True)), ["yolov3"]),
    ],
    ids=["all", "the default too", "one", "one that is the default", "public", "public with a default"],
)
def test_models_that_are_offered(config: Config, offered: list[str], tmp_path: Path) -> None:
    made = service.__wrapped__(replace(config, home=tmp_path))
    assert list(made.pool.registry.names) == offered


def test_a_model_that_nobody_published_cannot_be_offered(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no model 'yolov9'; known are yolov3-tiny, yolov3"):
        service.__wrapped__(Config(models=("yolov9",), home=tmp_path))
