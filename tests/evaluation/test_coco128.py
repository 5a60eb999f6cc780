"""The real yolov3-tiny on the first of 128 labelled photographs: the figures that it gave when this was written."""

import json
from pathlib import Path

import pytest

import detector
from detector.engines.catalog import open_engine
from detector.evaluation.folder import read_folder
from detector.evaluation.measure import FLOOR, measure
from detector.evaluation.truth import Example
from detector.models.registry import ModelFiles
from detector.settings import Settings
from tests.conftest import MATERIAL

PICTURES = 12


pytestmark = pytest.mark.robust


@pytest.fixture(scope="module")
def examples(tiny_files: ModelFiles, tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    folder = MATERIAL / "coco128"
    labels = folder / "annotations.json"
    if not labels.is_file():
        pytest.skip(f"{labels} is not there: 128 labelled photographs of COCO")
    content = json.loads(labels.read_text())
    images = content["images"][:PICTURES]
    numbers = {image["id"] for image in images}
    annotations = [each for each in content["annotations"] if each["image_id"] in numbers]
    part: Path = tmp_path_factory.mktemp("coco") / "part.json"
    part.write_text(json.dumps({**content, "images": images, "annotations": annotations}))
    return read_folder(folder, tiny_files.class_names(), part)


@pytest.fixture(scope="module")
def engine(tiny_files: ModelFiles) -> detector.Engine:
    return open_engine(tiny_files, Settings())


@pytest.mark.parametrize(
    ("preset", "figures"),
    [("tutorial", (0.2898, 0.4806)), ("darknet", (0.3183, 0.5392))],
)
def test_yolov3_tiny_keeps_its_mean_precision(
    preset: str,
    figures: tuple[float, float],
    examples: list[Example],
    engine: detector.Engine,
    tiny_files: ModelFiles,
) -> None:
    settings = Settings(confidence=FLOOR).preset(preset)
    found = [detector.detect_in(each.path.read_bytes(), engine, settings).detections for each in examples]
    scores = measure(examples, found, tiny_files.class_names(), 0.5)
    assert (scores.ap, scores.ap50) == pytest.approx(figures, abs=0.01)  # processors round differently
