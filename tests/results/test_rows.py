"""Rows: one a picture, whatever the picture is."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import detector
from detector.engines.base import Engine
from detector.engines.catalog import open_engine
from detector.errors import EngineError, UnavailableError
from detector.models.registry import ModelFiles
from detector.results.report import report
from detector.results.rows import Recipe, Row, rows
from detector.settings import Limits, Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files
from tests.rows import picture_folder

SETTINGS = Settings(model="own", confidence=0.1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    return model_files(tmp_path_factory.mktemp("models") / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)


@pytest.fixture(scope="module")
def engine(files: ModelFiles) -> Engine:
    return open_engine(files, SETTINGS)


@pytest.fixture
def recipe(files: ModelFiles) -> Recipe:
    return Recipe.of(files, SETTINGS)


def made(addresses: list[str], engine: Engine, recipe: Recipe) -> list[Row]:
    return list(rows(addresses, engine, recipe, Limits(), threads=2))


def test_a_row_says_what_the_report_of_that_picture_says(
    tmp_path: Path, engine: Engine, recipe: Recipe
) -> None:
    address = str(picture_folder(tmp_path / "in", 2) / "1.png")
    (row,) = made([address], engine, recipe)
    told = report(detector.detect_in(Path(address).read_bytes(), engine, SETTINGS), address)
    assert (row["address"], row["width"], row["height"]) == (address, 120, 80)
    assert (row["error"], row["notes"], row["model"], row["engine"]) == ("", "", "own", "openvino")
    assert len(row["detections"]) > 0
    for found, expected in zip(row["detections"], told["detections"], strict=True):
        assert found == {key: expected[key] for key in ("label", "class_id", "score")} | expected["box"]


def test_a_picture_that_cannot_be_had_is_a_row_in_its_place(
    tmp_path: Path, engine: Engine, recipe: Recipe
) -> None:
    folder = picture_folder(tmp_path / "in", 2)
    names = ["1.png", "cut.png", "empty.jpg", "missing.jpg", "notes.txt", "deeper/a.PNG"]
    told = made([str(folder / name) for name in names], engine, recipe)
    assert [Path(row["address"]).name for row in told] == [Path(name).name for name in names]
    starts = [
        "",
        "the picture is damaged",
        "the file is empty",
        "cannot be read: No such file",
        "this is not",
        "",
    ]
    assert all(row["error"].startswith(start) for row, start in zip(told, starts, strict=True))
    for row in told:
        assert bool(row["error"]) == (row["detections"] == []) == (row["width"] == 0) == (row["height"] == 0)
        assert None not in row.values()


def test_an_engine_that_fails_on_one_picture_is_a_row_too(
    tmp_path: Path, engine: Engine, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise UnavailableError("the engine failed on this picture")

    monkeypatch.setattr("detector.results.rows.detect_in", fail)
    (row,) = made([str(picture_folder(tmp_path / "in", 1) / "deeper" / "a.PNG")], engine, recipe)
    assert (row["error"], row["detections"]) == ("the engine failed on this picture", [])


def test_what_would_go_wrong_with_every_picture_ends_it(
    tmp_path: Path, engine: Engine, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise EngineError("it refuses these settings")

    monkeypatch.setattr("detector.results.rows.detect_in", refuse)
    with pytest.raises(EngineError, match="it refuses these settings"):
        made([str(picture_folder(tmp_path / "in", 1) / "deeper" / "a.PNG")], engine, recipe)


def test_a_moving_picture_says_so(engine: Engine, recipe: Recipe, tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    (row,) = made([str(tmp_path / "a.gif")], engine, recipe)
    assert row["notes"] == "this picture moves; its first frame was looked at"


def test_a_name_that_is_no_utf8_is_a_row_that_can_be_written(
    tmp_path: Path, engine: Engine, recipe: Recipe
) -> None:
    address = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
    (row,) = made([address], engine, recipe)
    assert row["address"] == f"{tmp_path}/\\xff.png"
    row["error"].encode()


def test_the_settings_of_a_row_are_all_that_decide_it(files: ModelFiles, recipe: Recipe) -> None:
    told = json.loads(recipe.text())
    assert told["confidence"] == 0.1
    assert (told["version"], len(told["model_sha256"])) == (detector.__version__, 64)
    assert recipe.differences(Recipe.of(files, replace(SETTINGS, threads=3)).text()) == ""
    other = Recipe.of(files, replace(SETTINGS, confidence=0.2, fit="letterbox"))
    expected = "confidence 0.2 there, 0.1 here, fit letterbox there, stretch here"
    assert recipe.differences(other.text()) == expected


@pytest.mark.parametrize("suffix", ["cfg", "weights", "names"])
def test_each_file_of_a_model_decides_the_recipe(suffix: str, tmp_path: Path) -> None:
    own = model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    before = Recipe.of(own, SETTINGS)
    path = tmp_path / "own" / f"own.{suffix}"
    path.write_bytes(path.read_bytes() + b"\n")
    assert "model_sha256" in before.differences(Recipe.of(own, SETTINGS).text())
