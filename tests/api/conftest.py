"""One server with one's own tiny model, which most tests ask; and what they send."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from detector.api.app import build_api
from detector.service import service
from detector.settings import Config, Settings
from tests.api.servers import running
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, noise_picture

SIZE_WH = (120, 80)


def picture_bytes(seed: int = 0, file_format: str = "PNG") -> bytes:
    return file_bytes(Image.fromarray(noise_picture(*SIZE_WH, seed).pixels), file_format)


def form(data: bytes | None = None, name: str = "blobs.png") -> dict[str, tuple[str, bytes]]:
    return {"file": (name, picture_bytes() if data is None else data)}


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A model `insects` of one's own is the default; its weights are random, so it is sure of nothing."""
    folder = tmp_path_factory.mktemp("api")
    model_files(folder / "insects", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    settings = Settings(model="insects", confidence=0.1)
    return Config(settings, home=folder / "home", model_folders=(folder / "insects",))


@pytest.fixture(scope="session")
def url(config: Config) -> Iterator[str]:
    with running(build_api(service(config))) as address:
        yield address


@pytest.fixture
def api(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client


def home_of(config: Config) -> Path:
    assert config.home
    return config.home
