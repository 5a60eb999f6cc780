"""The page in a real browser: a real photograph is dropped on it, and the tutorial's numbers come out."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
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
    tab = opened(browser, address)
    yield tab
    tab.close()


def opened(browser: Browser, url: str, width: int = 1280, color_scheme: str = "light") -> Page:
    tab = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if color_scheme == "dark" else "light"
    )
    tab.set_default_timeout(PATIENCE_MS)
    tab.goto(url)
    tab.get_by_text("Drop up to 20 pictures").wait_for()
    return tab


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


def test_everything_can_be_taken_away_in_one_zip(
    page: Page, photographs: dict[str, bytes], tmp_path: Path
) -> None:
    drop(page, "fruits.jpg", photographs["fruits.jpg"])
    page.get_by_role("img", name="fruits.jpg: 2 orange, 1 apple").wait_for()
    expect(page.get_by_role("button", name="More files")).to_have_count(1)  # that of the sample is gone
    page.get_by_role("button", name="More files").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything of 1 picture").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        coco = json.loads(archive.read("coco.json"))
        assert "annotated/fruits.jpg" in archive.namelist()
    assert [annotation["category_id"] for annotation in coco["annotations"]] == [53, 55, 55]


def test_what_is_no_picture_is_said_in_a_sentence(page: Page) -> None:
    drop(page, "words.jpg", b"just words")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("words.jpg: this is not a picture that can be read")
    assert "Traceback" not in page.content()


COMPARISON = "compare=true&model_b=yolov3-tiny&fit_b=letterbox&conf=0.2"


@pytest.mark.parametrize(
    ("query", "scheme"),
    [("", "light"), ("", "dark"), (COMPARISON, "light"), (f"{COMPARISON}&view=Slider", "dark")],
    ids=["one, light", "one, dark", "two, light", "slider, dark"],
)
def test_nothing_serious_bars_a_visitor(query: str, scheme: str, browser: Browser, address: str) -> None:
    tab = opened(browser, f"{address}/?{query}", color_scheme=scheme)
    tab.get_by_role("img").first.wait_for()
    tab.get_by_text("About this page").wait_for()
    found = Axe().run(tab).response["violations"]
    tab.close()
    assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []


def test_the_handle_between_two_pictures_moves_by_keyboard(browser: Browser, address: str) -> None:
    tab = opened(browser, f"{address}/?{COMPARISON}&view=Slider")
    handle = tab.get_by_role("slider", name="Share of the picture that shows A")
    handle.focus()
    handle.press("Home")
    assert tab.locator(".stage").evaluate("stage => stage.style.getPropertyValue('--at')") == "0%"
    tab.close()


def test_a_pasted_picture_is_detected_in(page: Page, photographs: dict[str, bytes]) -> None:
    page.get_by_role("radio", name="Paste").click()
    box = page.get_by_test_id("stChatInputTextArea")
    box.focus()
    box.evaluate(
        """(box, bytes) => {
            const clipboard = new DataTransfer();
            clipboard.items.add(new File([new Uint8Array(bytes)], "image.jpg", {type: "image/jpeg"}));
            box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: clipboard, bubbles: true}));
        }""",
        list(photographs["car.jpg"]),
    )
    page.get_by_test_id("stChatInputSubmitButton").click()
    page.get_by_role("img", name="image.jpg: 1 car").wait_for()


def test_arrow_keys_move_between_pictures(page: Page, photographs: dict[str, bytes]) -> None:
    drop(page, "car.jpg", photographs["car.jpg"])
    page.get_by_role("img", name="car.jpg: 1 car").wait_for()
    drop(page, "clock.jpg", photographs["clock.jpg"])
    page.get_by_text("1 of 2 pictures").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_role("img", name="clock.jpg: 1 clock").wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("img", name="car.jpg: 1 car").wait_for()


def test_the_address_follows_the_settings_and_restores_them(browser: Browser, page: Page) -> None:
    slider = page.get_by_role("slider", name="Confidence")
    slider.focus()
    slider.press("ArrowLeft")
    page.wait_for_url("**conf=0.49*")
    again = opened(browser, page.url)
    expect(again.get_by_role("slider", name="Confidence")).to_have_value("0.49")
    again.close()


def test_the_page_fits_a_phone(browser: Browser, address: str, photographs: dict[str, bytes]) -> None:
    phone = opened(browser, address, width=390)
    drop(phone, "fruits.jpg", photographs["fruits.jpg"])
    phone.get_by_role("img", name="fruits.jpg: 2 orange, 1 apple").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
