"""What several tests need: the real model, the tutorial's numbers and photographs. Missing ones skip, saying so."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.errors import DetectorError
from detector.models.registry import YOLOV3, YOLOV3_TINY, ModelFiles
from detector.models.samples import SAMPLES
from detector.models.store import Store
from tests.builders import full_yolov3_files

ROOT = Path(__file__).parent.parent
# Photographs and labels that are not part of the project may lie beside it.
MATERIAL = Path(os.environ.get("DETECTOR_TEST_MATERIAL", ROOT.parent / "shared"))


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Streamlit's tests leave the page as __main__, which every process started after them would import first."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def store() -> Store:
    """The user's own store, so that weights are fetched once and not at every run."""
    home = os.environ.get("DETECTOR_HOME")
    return Store.open(Path(home) if home else None)


@pytest.fixture(scope="session")
def tiny_files(store: Store) -> ModelFiles:
    """The real yolov3-tiny."""
    try:
        return YOLOV3_TINY.files(store, lambda done, total: None)
    except DetectorError as error:
        pytest.skip(f"the real yolov3-tiny weights cannot be had: {error}")


@pytest.fixture(scope="session")
def full_files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    """The full YOLOv3 structure with weights made from a seed; the real ones are not used in any test."""
    return full_yolov3_files(tmp_path_factory.mktemp("yolov3"), YOLOV3)


@pytest.fixture(scope="session")
def photographs(store: Store) -> dict[str, bytes]:
    """The tutorial's five photographs by name."""
    return {name: _photograph(name, store) for name in PHOTOGRAPHS}


PHOTOGRAPHS = ("apple.jpg", "clock.jpg", "oranges.jpg", "car.jpg", "fruits.jpg")


def _photograph(name: str, store: Store) -> bytes:
    beside = MATERIAL / "tutorial" / "images" / name
    if beside.is_file():
        return beside.read_bytes()
    asset = next(sample for sample in SAMPLES if sample.name == name)
    try:
        return store.fetch(asset).read_bytes()
    except DetectorError as error:
        pytest.skip(f"the tutorial's photographs cannot be had: {error}")
