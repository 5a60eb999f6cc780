"""Ranges from one's own pictures, and `detector quantize`, on one's own tiny model."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from detector.calibration import before_heads, calibrate, spread
from detector.cli import cli
from detector.darknet.network import read_network
from detector.engines.catalog import open_engine
from detector.errors import EngineError, ImageError, ModelError
from detector.models.registry import COCO_NAMES, FolderModel, ModelFiles, Registry
from detector.models.store import Store
from detector.settings import Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, PACKAGE_MODELS, model_files, noise_picture


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and the current folder with a model `own` and five pictures."""
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    for variable in [name for name in os.environ if name.startswith("DETECTOR_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("DETECTOR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    (tmp_path / "pictures").mkdir()
    for seed in range(5):
        Image.fromarray(noise_picture(120, 80, seed).pixels).save(tmp_path / "pictures" / f"{seed}.png")
    return tmp_path / "home"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def own_files() -> ModelFiles:
    return FolderModel(Path("own").resolve()).files(Store.open(Path("home")), lambda done, total: None)


def test_ranges_hold_what_the_layers_give() -> None:
    steps: list[int] = []
    ranges = calibrate(own_files(), sorted(Path("pictures").iterdir()), step=lambda: steps.append(1))
    assert (sorted(ranges.by_layer), ranges.float_layers) == ([-1, 0, 2, 5], (12, 17))
    assert len(steps) == 5
    low, high = ranges.by_layer[-1]
    assert low == 0
    assert 0.9 < high <= 1


def test_every_convolution_that_feeds_a_head_is_known_to_stay_in_float32() -> None:
    for name, layers in (("yolov3-tiny", (15, 22)), ("yolov3", (81, 93, 105))):
        assert before_heads(read_network((PACKAGE_MODELS / f"{name}.cfg").read_text())) == layers


def test_the_command_writes_what_int8_reads() -> None:
    done = run("quantize", "own", "pictures")
    place = Path("own/own.ranges.json").resolve()
    assert (done.exit_code, done.stdout) == (0, f"{place}: 4 ranges from 5 pictures\n")
    assert json.loads(place.read_text())["made_with"].startswith("detector quantize own ")
    rows = [
        open_engine(own_files(), Settings(precision=p)).detect(
            noise_picture(96, 64, 9), Settings(confidence=0)
        )
        for p in ("float32", "int8")
    ]
    assert len(rows[0])
    assert not np.array_equal(rows[0].scores, rows[1].scores)
    found = run("detect", "--model", "own", "--precision", "int8", "--confidence", "0.05", "pictures")
    assert found.exit_code == 0
    assert "Detected object" in found.stdout


def test_another_place_for_the_file_is_told_with_the_one_that_is_read() -> None:
    done = run("quantize", "own", "pictures", "--out", "mine.json", "--pictures", "2", "--float", "0")
    assert done.stdout.splitlines() == [
        "mine.json: 3 ranges from 2 pictures",
        f"--precision int8 reads {Path('own/own.ranges.json').resolve()}",
    ]
    content = json.loads(Path("mine.json").read_text())
    assert (content["float_layers"], content["pictures"]) == ([0, 12, 17], 2)
    assert content["made_with"].endswith("/pictures --pictures 2 --float 0")


def test_two_runs_write_the_same() -> None:
    texts = []
    for name in ("a.json", "b.json"):
        run("quantize", "own", "pictures", "--out", name)
        texts.append(Path(name).read_text())
    assert texts[0] == texts[1]


def test_a_broken_picture_is_named_and_nothing_is_written() -> None:
    Path("pictures/1.png").write_bytes(b"no picture")
    done = run("quantize", "own", "pictures")
    assert isinstance(done.exception, ImageError)
    assert "pictures/1.png: " in str(done.exception)
    assert list(Path("own").glob("*.json*")) == []


def test_a_folder_without_pictures_and_a_layer_that_is_none_are_errors() -> None:
    Path("empty").mkdir()
    assert "empty holds no pictures" in str(run("quantize", "own", "empty").exception)
    complaint = str(run("quantize", "own", "pictures", "--float", "3").exception)
    assert "float_layers names 3, which is no [convolutional] layer" in complaint


def test_ranges_of_other_weights_are_refused() -> None:
    run("quantize", "own", "pictures")
    model_files(Path("own"), EVERY_LAYER_CFG, EVERY_LAYER_NAMES, seed=7)
    with pytest.raises(ModelError, match=r"own\.ranges\.json: fingerprint is .* made for other weights"):
        open_engine(own_files(), Settings(precision="int8"))


def test_a_folder_has_at_most_one_ranges_file() -> None:
    run("quantize", "own", "pictures")
    Path("own/own.ranges.json").rename("own/other.ranges.json")
    assert own_files().ranges == Path("own/other.ranges.json").resolve()
    shutil.copy("own/other.ranges.json", "own/more.ranges.json")
    with pytest.raises(ModelError, match=r"must hold exactly one \.ranges\.json file; it holds 2"):
        own_files()


def test_a_published_models_own_ranges_come_before_those_of_the_package(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "fetch", lambda self, asset, progress: self.folder / asset.name)
    store = Store.open(home)
    tiny, full = (
        Registry().get(name).files(store, lambda done, total: None).ranges
        for name in ("yolov3-tiny", "yolov3")
    )
    assert (tiny, full) == (COCO_NAMES.parent / "yolov3-tiny.ranges.json", home / "yolov3.ranges.json")
    home.mkdir()
    (home / "yolov3-tiny.ranges.json").write_text("{}")
    again = Registry().get("yolov3-tiny").files(store, lambda done, total: None).ranges
    assert again == home / "yolov3-tiny.ranges.json"


def test_a_published_model_without_ranges_says_how_to_make_them(home: Path) -> None:
    files = replace(own_files(), name="yolov3", ranges=home / "yolov3.ranges.json")
    complaint = r"`detector quantize yolov3 PICTURES_FOLDER`.* or use the precision float32"
    with pytest.raises(EngineError, match=complaint):
        open_engine(files, Settings(precision="int8"))


@pytest.mark.parametrize(
    ("n", "most", "expected"),
    [(0, 3, []), (2, 3, [0, 1]), (3, 3, [0, 1, 2]), (9, 3, [0, 3, 6]), (10, 4, [0, 2, 5, 7])],
)
def test_pictures_are_taken_at_even_distances(n: int, most: int, expected: list[int]) -> None:
    paths = [Path(str(i)) for i in range(n)]
    assert spread(paths, most) == [paths[i] for i in expected]
