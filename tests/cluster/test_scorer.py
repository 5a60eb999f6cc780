"""What an actor does, without Ray: a part becomes a file, and what is wrong is told as a value."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

import pyarrow as pa

from detector.addresses import Folder
from detector.cluster.scoring import Scorer
from detector.models.registry import ModelFiles
from detector.results.rows import Recipe
from detector.results.scoring import Scoring
from detector.settings import Config, Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files
from tests.rows import parts_in, picture_folder, rows_in

SETTINGS = Settings(model="own", confidence=0.1)


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    return model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)


@pytest.fixture
def scoring(tmp_path: Path, files: ModelFiles) -> Scoring:
    config = Config(SETTINGS, home=tmp_path / "home", model_folders=(files.cfg.parent,))
    return Scoring(config, Recipe.of(files, SETTINGS), Folder.at(str(tmp_path / "out")), part=2)


def batch(folder: Path, *names: str) -> Any:
    return pa.table({"addresses": [[str(folder / name) for name in names]]})


def test_a_part_is_one_file_however_long_it_is(tmp_path: Path, scoring: Scoring) -> None:
    folder = picture_folder(tmp_path / "in", 4)
    scorer = Scorer(scoring)
    told = scorer(batch(folder, "1.png", "cut.png", "3.png"))
    assert told == {"pictures": [3], "failed": [1], "problem": [""]}
    assert len(parts_in(tmp_path / "out")) == 1
    assert scorer(batch(folder, "2.png"))["pictures"] == [1]
    assert [Path(row["address"]).name for row in rows_in(tmp_path / "out")] == [
        "1.png",
        "2.png",
        "3.png",
        "cut.png",
    ]


def test_a_machine_with_another_model_says_so_and_writes_nothing(tmp_path: Path, scoring: Scoring) -> None:
    folder = picture_folder(tmp_path / "in", 2)
    recipe = replace(scoring.recipe, model_sha256="aa")
    told = Scorer(replace(scoring, recipe=recipe))(batch(folder, "1.png"))
    assert (told["pictures"], told["failed"]) == ([0], [0])
    assert told["problem"][0].startswith(
        "a machine of the cluster has another model or version: model_sha256 aa there"
    )
    assert not (tmp_path / "out").exists()


def test_a_part_that_cannot_be_written_is_told(tmp_path: Path, scoring: Scoring) -> None:
    (tmp_path / "out").write_bytes(b"")
    told = Scorer(scoring)(batch(picture_folder(tmp_path / "in", 2), "1.png"))
    assert (told["pictures"], told["failed"]) == ([0], [0])
    assert "cannot be written" in told["problem"][0]
