"""The pool: one load for everybody, tried again after a failure, and never more engines than allowed."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from unittest.mock import Mock

import numpy as np
import pytest

from detector.engines.base import Engine
from detector.errors import EngineError, ModelError, UnavailableError
from detector.models.assets import Progress
from detector.models.registry import Registry
from detector.models.store import Store
from detector.pipeline import detect
from detector.pool import GREY, EnginePool
from detector.settings import Settings
from detector.stopwatch import Stopwatch
from detector.values import Detections, Picture
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files

SETTINGS = Settings(model="own", engine="fake")


class FakeEngine:
    """Finds nothing; made for one loading."""

    name = "fake"
    input_wh = (32, 32)

    def detect(self, picture: Picture, settings: Settings, /, watch: Stopwatch | None = None) -> Detections:
        nothing = np.zeros(0, dtype=np.float32)
        return Detections(nothing.reshape(0, 4), nothing, np.zeros(0, dtype=np.int64), (), picture.size_wh)


class Loader:
    """Stands for `load`: slow, counts its calls, and fails as often as told."""

    def __init__(self) -> None:
        self.loaded: list[Settings] = []
        self.failures = 0

    def __call__(self, settings: Settings, store: Store, registry: Registry, progress: Progress) -> Engine:
        registry.get(settings.model)
        self.loaded.append(settings)
        time.sleep(0.05)
        if self.failures:
            self.failures -= 1
            raise EngineError("out of luck")
        return FakeEngine()


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Loader:
    loader = Loader()
    monkeypatch.setattr("detector.pool.load", loader)
    return loader


MakePool = Callable[[int], EnginePool]


@pytest.fixture
def make_pool(tmp_path: Path) -> MakePool:
    model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    registry = Registry(()).with_folders(tmp_path / "own")
    return lambda most: EnginePool(Store.open(tmp_path / "home"), registry, most)


def at_once(pool: EnginePool, settings: list[Settings]) -> list[Engine | EngineError]:
    """What each of so many threads gets that ask at the same moment."""
    start = Barrier(len(settings))

    def ask(mine: Settings) -> Engine | EngineError:
        start.wait()
        try:
            return pool.get(mine)
        except EngineError as error:
            return error

    with ThreadPoolExecutor(len(settings)) as threads:
        return list(threads.map(ask, settings))


def test_eight_threads_share_one_load(loader: Loader, make_pool: MakePool) -> None:
    engines = at_once(make_pool(4), [SETTINGS] * 8)
    assert loader.loaded == [SETTINGS]
    assert len(set(map(id, engines))) == 1


def test_a_failure_is_told_to_one_and_the_next_tries_again(loader: Loader, make_pool: MakePool) -> None:
    loader.failures = 1
    got = at_once(make_pool(4), [SETTINGS] * 8)
    assert [str(answer) for answer in got if isinstance(answer, EngineError)] == ["out of luck"]
    assert len({id(answer) for answer in got if not isinstance(answer, EngineError)}) == 1
    assert len(loader.loaded) == 2


def test_a_failure_is_tried_again_at_the_next_call(loader: Loader, make_pool: MakePool) -> None:
    loader.failures = 2
    pool = make_pool(4)
    for _ in range(2):
        with pytest.raises(EngineError, match="out of luck"):
            pool.get(SETTINGS)
    assert pool.get(SETTINGS) is pool.get(SETTINGS)
    assert len(loader.loaded) == 3


def test_an_unknown_model_is_an_error_of_its_own(loader: Loader, make_pool: MakePool) -> None:
    with pytest.raises(ModelError, match="there is no model 'other'; known are own"):
        make_pool(4).get(replace(SETTINGS, model="other"))
    assert loader.loaded == []


@pytest.mark.parametrize(
    ("other", "loads"),
    [
        (replace(SETTINGS, confidence=0.1, nms_iou=0.9, fit="letterbox", suppression="class"), 1),
        (replace(SETTINGS, side=64), 2),
        (replace(SETTINGS, threads=2), 2),
        (replace(SETTINGS, engine="other"), 2),
        (replace(SETTINGS, precision="int8"), 2),
    ],
    ids=["what holds for a picture", "side", "threads", "engine", "precision"],
)
def test_only_what_an_engine_is_loaded_for_makes_another(
    other: Settings, loads: int, loader: Loader, make_pool: MakePool
) -> None:
    pool = make_pool(4)
    assert (pool.get(SETTINGS) is pool.get(other)) == (loads == 1)
    assert len(loader.loaded) == loads


def test_different_engines_load_side_by_side(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    all_are_loading = Barrier(4)

    def load(settings: Settings, store: Store, registry: Registry, progress: Progress) -> Engine:
        all_are_loading.wait(timeout=10)
        return FakeEngine()

    monkeypatch.setattr("detector.pool.load", load)
    engines = at_once(make_pool(4), [replace(SETTINGS, threads=n) for n in range(4)])
    assert len(set(map(id, engines))) == 4


def test_the_longest_unused_is_given_up_first(loader: Loader, make_pool: MakePool) -> None:
    a, b, c = (replace(SETTINGS, side=side) for side in (32, 64, 96))
    pool = make_pool(2)
    first = pool.get(a)
    pool.get(b)
    assert pool.get(a) is first  # so b is now the longest unused
    pool.get(c)
    assert pool.get(a) is first
    assert loader.loaded == [a, b, c]
    pool.get(b)
    assert loader.loaded == [a, b, c, b]


def test_an_engine_whose_framework_failed_is_loaded_anew(
    loader: Loader, make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(4)
    detect(GREY, pool.get(SETTINGS), SETTINGS)
    with monkeypatch.context() as patch:
        patch.setattr(FakeEngine, "detect", Mock(side_effect=MemoryError))
        with pytest.raises(UnavailableError):
            detect(GREY, pool.get(SETTINGS), SETTINGS)
    assert not pool.has(SETTINGS)
    detect(GREY, pool.get(SETTINGS), SETTINGS)
    assert len(loader.loaded) == 2
