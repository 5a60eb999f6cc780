"""int8 beside float32 on labelled photographs, with the ranges that come with the package.

The ranges were made on 32 of the same photographs, so this guards against regression and proves nothing about others.
"""

from pathlib import Path

import pytest

from detector.calibration import spread
from detector.engines.base import Engine
from detector.engines.catalog import open_engine
from detector.models.registry import ModelFiles
from detector.pictures.decode import read_picture
from detector.results.agreement import compare
from detector.settings import PRESETS, Precision, Settings
from detector.values import Detections
from tests.conftest import MATERIAL

COCO128 = MATERIAL / "coco128"
Engines = dict[Precision, Engine]
pytestmark = pytest.mark.robust


@pytest.fixture(scope="module")
def engines(tiny_files: ModelFiles) -> Engines:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    precisions: tuple[Precision, ...] = ("float32", "int8")
    return {precision: open_engine(tiny_files, Settings(precision=precision)) for precision in precisions}


@pytest.fixture(scope="module")
def photographs() -> list[Path]:
    found = sorted((COCO128 / "images").glob("*.jpg"))
    if not found:
        pytest.skip(f"the labelled photographs are not in {COCO128}")
    return found


def detected(engine: Engine, path: Path, settings: Settings) -> Detections:
    picture = read_picture(path.read_bytes())
    return engine.detect(picture, settings).resized(picture.full_wh).clipped()


@pytest.mark.parametrize("preset", PRESETS)
def test_int8_finds_what_float32_finds(preset: str, engines: Engines, photographs: list[Path]) -> None:
    """On photographs that the ranges have not seen. mAP of a few pictures jumps by points; agreement does not."""
    settings = Settings(confidence=0.25).preset(preset)
    unseen = [path for path in photographs if path not in spread(photographs, 32)]
    found = same = 0
    for path in spread(unseen, 12):
        exact, eight = (detected(engines[precision], path, settings) for precision in ("float32", "int8"))
        counts = compare(exact, eight).counts
        found, same = found + sum(counts.values()), same + counts["both"]
    assert found > 30
    assert same / found >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_map50_of_int8_is_within_a_point_of_float32(
    preset: str, engines: Engines, photographs: list[Path], tiny_files: ModelFiles
) -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    from detector.evaluation.folder import read_folder
    from detector.evaluation.measure import FLOOR, measure

    names, settings = tiny_files.class_names(), Settings(confidence=FLOOR).preset(preset)
    examples = read_folder(photographs[0].parent, names, COCO128 / "annotations.json")
    exact, eight = (
        measure(examples, [detected(engine, e.path, settings) for e in examples], names, 0.5).ap50
        for engine in engines.values()
    )
    assert exact is not None
    assert eight == pytest.approx(exact, abs=0.01)  # noise in the input moves float32 by half of it
