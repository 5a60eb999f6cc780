"""One page and one chromium for all tests in a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from detector.models.registry import ModelFiles
from tests.browser.steps import CHROMIUM, FLAGS, PATIENCE_MS, shown
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files
from tests.served import page_served

Open = Callable[..., Page]


@pytest.fixture(scope="package")
def home(tiny_files: ModelFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server has: the real yolov3-tiny, and room for samples."""
    folder = tmp_path_factory.mktemp("home")
    (folder / tiny_files.weights.name).symlink_to(tiny_files.weights.absolute())
    return folder


@pytest.fixture(scope="package")
def address(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on a free port, with one model of its owner's beside the published ones."""
    insects = model_files(tmp_path_factory.mktemp("models") / "insects", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    environment = {
        "DETECTOR_HOME": str(home),
        "DETECTOR_MODEL_FOLDERS": str(insects.cfg.parent),
        "DETECTOR_API_URL": "/api/",  # so that the lines to copy are there; nothing asks it
    }
    with page_served(tmp_path_factory.mktemp("page") / "log.txt", environment) as one:
        yield one.url


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for most tests, so that what the page is made of is loaded once; a visit is a tab all the same."""
    with browser.new_context(accept_downloads=True) as made:
        made.set_default_timeout(PATIENCE_MS)
        yield made


@pytest.fixture
def visit(context: BrowserContext, address: str) -> Iterator[Open]:
    """Open the page, with whatever its address holds; closed after the test."""
    tabs = []

    def opened(query: str = "", width: int = 1280, in_context: BrowserContext = context) -> Page:
        tab = in_context.new_page()
        tabs.append(tab)
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto(f"{address}/{query}")
        return shown(tab)

    yield opened
    for tab in tabs:
        tab.close()


@pytest.fixture
def page(visit: Open) -> Page:
    return visit()
