"""`detector evaluate` from end to end, with one's own tiny model."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from detector.cli import cli
from detector.errors import DetectorError, ImageError, ModelError
from detector.pictures.decode import read_picture
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files, noise_picture


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder with a model and two pictures, whose labels are what the model is surest of."""
    for variable in [name for name in os.environ if name.startswith("DETECTOR_")]:
        monkeypatch.delenv(variable)
    model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    monkeypatch.setenv("DETECTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DETECTOR_MODEL_FOLDERS", str(tmp_path / "own"))
    monkeypatch.setenv("DETECTOR_MODEL", "own")
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "0.1")  # its weights are random, so it is sure of nothing
    monkeypatch.chdir(tmp_path)
    for name in ("images", "labels"):
        (tmp_path / "set" / name).mkdir(parents=True)
    for seed, stem in enumerate("ab"):
        picture = tmp_path / "set" / "images" / f"{stem}.png"
        Image.fromarray(noise_picture(120, 80, seed).pixels).save(picture)
        surest = json.loads(run("detect", str(picture), "--json").stdout)["detections"][0]
        x1, y1, x2, y2 = (surest["box"][key] for key in ("xmin", "ymin", "xmax", "ymax"))
        shares = (x1 + x2) / 240, (y1 + y2) / 160, (x2 - x1) / 120, (y2 - y1) / 80
        line = " ".join(map(str, (surest["class_id"], *shares)))
        (tmp_path / "set" / "labels" / f"{stem}.txt").write_text(line + "\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def evaluated(*arguments: str) -> dict[str, Any]:
    done = run("evaluate", "set", "--json", "scores.json", *arguments)
    assert (done.exit_code, done.exception) == (0, None), done.output
    content: dict[str, Any] = json.loads(Path("scores.json").read_text())
    return content


def test_a_table_is_printed() -> None:
    done = run("evaluate", "set", "--classes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "A: own, openvino, float32, 96 x 64, stretch, agnostic 0.3, reduced decoding\n"
    )
    assert "2 pictures, 2 objects" in done.stdout
    assert "mAP@[.5:.95]" in done.stdout
    assert "recall over 0.1               100.0" in done.stdout
    assert any(line.startswith(tuple(EVERY_LAYER_NAMES)) for line in done.stdout.splitlines())


def test_what_the_model_is_surest_of_is_found_at_every_iou() -> None:
    (way,) = evaluated()["evaluated"]
    assert way["scores"]["recall"] == pytest.approx(1)
    assert way["scores"]["ap50"] > 0.5


def test_the_tail_is_measured_whatever_the_confidence() -> None:
    sure, (tail,) = (evaluated("--confidence", text)["evaluated"] for text in ("0.99", "0.1"))
    assert sure[0]["scores"]["operating"]["detections"] == 0
    assert sure[0]["scores"]["recall"] == tail["scores"]["recall"] == pytest.approx(1)
    assert sure[0]["settings"]["confidence"] == 0.99


def test_a_second_way_keeps_what_is_not_changed() -> None:
    content = evaluated("--fit", "letterbox", "--nms", "0.6", "--against", "side=64, suppression=class,full")
    one, other = content["evaluated"]
    assert (one["decoding"], other["decoding"]) == ("reduced", "full")
    assert (one["input_wh"], other["input_wh"]) == ([96, 64], [64, 64])
    assert other["settings"] == {**one["settings"], "side": 64, "suppression": "class"}
    assert content["difference"]["ap"] == pytest.approx(other["scores"]["ap"] - one["scores"]["ap"])


def test_a_preset_of_the_second_way_is_laid_over_the_options_of_the_first() -> None:
    _, other = evaluated("--fit", "stretch", "--nms", "0.6", "--against", "preset=darknet")["evaluated"]
    assert (other["settings"]["fit"], other["settings"]["nms_iou"]) == ("letterbox", 0.45)


def test_a_second_model_may_be_a_folder(folder: Path) -> None:
    model_files(folder / "other", EVERY_LAYER_CFG, EVERY_LAYER_NAMES, seed=1)
    one, other = evaluated("--against", f"model={folder / 'other'}")["evaluated"]
    assert (one["settings"]["model"], other["settings"]["model"]) == ("own", "other")


def test_a_way_against_itself_differs_in_nothing() -> None:
    difference = evaluated("--against", "engine=openvino")["difference"]
    assert {value for key, value in difference.items() if key != "classes"} <= {0, None}


@pytest.mark.parametrize(("option", "enough"), [("--reduced", 2 * 96), ("--full", None)])
def test_full_decodes_whole_pictures(
    option: str, enough: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def spy(data: bytes, limits: Any, enough: int | None = None) -> Any:
        asked.append(enough)
        return read_picture(data, limits, enough)

    monkeypatch.setattr("detector.pipeline.read_picture", spy)
    monkeypatch.setattr("detector.read_picture", spy, raising=False)
    evaluated(option)
    assert asked == [enough, enough]


def test_plots_are_drawn(folder: Path) -> None:
    assert run("evaluate", "set", "--plots", "plots.png").exit_code == 0
    with Image.open(folder / "plots.png") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--against", "sied=64"), "--against 'sied=64': No such option"),
        (("--against", "side=big"), "--against 'side=big': .*'big' is not a valid integer"),
        (("--against", "64"), "No such option"),
        (("--plots", "plots.pdf"), r"--plots draws a \.png, not plots\.pdf"),
    ],
)
def test_misuse_is_told(arguments: tuple[str, ...], message: str) -> None:
    done = run("evaluate", "set", *arguments)
    assert done.exit_code == 2
    assert re.search(message, done.stderr), done.stderr


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (("evaluate", "gone"), DetectorError, "gone is no folder"),
        (("evaluate", "set", "--model", "nameless"), ModelError, "there is no model 'nameless'"),
        (("evaluate", "set", "--against", "model=nameless"), ModelError, "there is no model 'nameless'"),
    ],
)
def test_what_a_user_can_mend_is_told(
    arguments: tuple[str, ...], kind: type[Exception], message: str
) -> None:
    error = run(*arguments).exception
    assert isinstance(error, kind)
    assert message in str(error)


def test_a_picture_that_cannot_be_read_is_told_by_name(folder: Path) -> None:
    (folder / "set" / "images" / "b.png").write_bytes(b"no picture")
    error = run("evaluate", "set").exception
    assert isinstance(error, ImageError)
    assert "b.png: this is not a picture" in str(error)


@pytest.mark.parametrize("module", ["pycocotools", "matplotlib"])
def test_a_missing_package_is_told_with_what_to_install(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else real(name))
    error = run("evaluate", "set", "--plots", "plots.png").exception
    assert isinstance(error, DetectorError)
    assert str(error) == f"{module} is not installed; pip install 'object-detector[evaluate]'"


def test_matplotlib_is_imported_for_plots_only(folder: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from detector.cli import cli;"
        "print(CliRunner().invoke(cli, ['evaluate', 'set']).exit_code, 'matplotlib' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["0", "False"]
