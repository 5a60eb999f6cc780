"""The page in a real browser: a real photograph is dropped on it, and the tutorial's numbers come out."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from detector.models.registry import ModelFiles
from tests.conftest import ROOT
from tests.test_tutorial import PRINTED

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium on this machine, so the page was not tried in one"
    ),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def address(tiny_files: ModelFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page, started by the README's own command on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    log = tmp_path_factory.mktemp("page") / "log.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1"],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env={**os.environ, "DETECTOR_HOME": str(tiny_files.weights.parent)},
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


def wait_for(url: str, log: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the page did not start: {log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(PATIENCE_MS)
    tab.goto(address)
    tab.get_by_text("Drop up to 20 pictures").wait_for()
    yield tab
    tab.close()


def drop(page: Page, name: str, data: bytes) -> None:
    """Let go of a file over the drop zone, as a hand with a mouse does."""
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
            return transfer;
        }""",
        [name, list(data)],
    )
    zone = page.get_by_test_id("stFileUploaderDropzone")
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": transfer})


def table(page: Page, rows: int) -> list[tuple[str, float]]:
    """Label and confidence of each row, once there are so many."""
    cells = page.locator("[data-testid=stDataFrame] td[id^=glide-cell]")
    expect(page.get_by_text(f"{rows} objects")).to_be_visible()
    expect(cells).to_have_count(4 * rows)
    texts = [text.strip() for text in cells.all_text_contents()]
    return [(texts[i + 1], float(texts[i + 2])) for i in range(0, len(texts), 4)]


def test_a_dropped_photograph_gives_the_tutorials_numbers(page: Page, photographs: dict[str, bytes]) -> None:
    drop(page, "fruits.jpg", photographs["fruits.jpg"])
    assert_printed(table(page, 3), PRINTED[4][2])
    slider = page.get_by_role("slider", name="Confidence")
    slider.focus()
    for _ in range(30):  # by keyboard, from 0.50 to 0.20
        slider.press("ArrowLeft")
    assert_printed(table(page, 10), PRINTED[5][2])


def assert_printed(shown: list[tuple[str, float]], printed: list[tuple[str, float]]) -> None:
    assert [label for label, _ in shown] == [label for label, _ in printed]
    for (_, score), (_, expected) in zip(shown, printed, strict=True):
        assert score == pytest.approx(expected, abs=1e-4)


def test_the_annotated_picture_can_be_taken_away(
    page: Page, photographs: dict[str, bytes], tmp_path: Path
) -> None:
    from detector.pictures.decode import read_picture

    drop(page, "fruits.jpg", photographs["fruits.jpg"])
    page.get_by_role("img", name="fruits.jpg: 2 orange, 1 apple").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download annotated picture").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert saved.name == "fruits-detected.jpg"
    original = read_picture(photographs["fruits.jpg"])
    drawn = read_picture(saved.read_bytes())
    assert drawn.size_wh == original.size_wh
    assert (drawn.pixels != original.pixels).any()


def test_what_is_no_picture_is_said_in_a_sentence(page: Page) -> None:
    drop(page, "words.jpg", b"just words")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("words.jpg: this is not a picture that can be read")
    assert "Traceback" not in page.content()


def test_the_page_fits_a_phone(browser: Browser, address: str, photographs: dict[str, bytes]) -> None:
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.set_default_timeout(PATIENCE_MS)
    phone.goto(address)
    phone.get_by_text("Drop up to 20 pictures").wait_for()
    drop(phone, "fruits.jpg", photographs["fruits.jpg"])
    phone.get_by_role("img", name="fruits.jpg: 2 orange, 1 apple").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
