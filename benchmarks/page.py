"""How long a visitor waits, seen from a real browser.

The page is started as the README says, opened in chromium, and two things are measured there by the browser's own
clock: from a key press on the confidence slider until the new count is on the screen, and from the moment when a
12 megapixel JPEG has left the browser until its result is on the screen.
"""

import io

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.figures import Measured
from benchmarks.workload import Workload
from tests.browser.steps import CHROMIUM, FLAGS, PATIENCE_MS, SAMPLE, at_rest, picture, press
from tests.served import page_served

PAGE = "the page in chromium"
SLIDER_MOVES, PHOTOGRAPHS = 40, 8
PHOTOGRAPH_WH = 4000, 3000
# Tells when an element that fits the selector, with that text where one is given, has been painted; and notes when
# the last upload had left. A picture counts once it is decoded.
WATCH = """() => {
    window.seen = (selector, text) => new Promise(done => {
        const fits = one => (text === undefined || one.textContent === text) && one.complete !== false;
        const look = () => {
            if (![...document.querySelectorAll(selector)].some(fits)) return;
            watcher.disconnect();
            document.removeEventListener("load", look, true);
            requestAnimationFrame(() => setTimeout(() => done(performance.now())));
        };
        const watcher = new MutationObserver(look);
        watcher.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
        document.addEventListener("load", look, true);
        look();
    });
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...sent) {
        this.upload.addEventListener("load", () => { window.uploaded = performance.now(); });
        return send.apply(this, sent);
    };
}"""


def measure(load: Workload) -> list[Measured]:
    """Milliseconds of both; nothing without a browser."""
    if CHROMIUM is None:
        return []
    home = {"DETECTOR_HOME": str(load.store.folder)}
    with page_served(load.folder / "page.txt", home) as server, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(server.url)
        picture(page, SAMPLE).wait_for()
        page.evaluate(WATCH)
        moves, seen = slider_moves(page), photographs(page)
        browser.close()
    return [
        Measured(PAGE, "slider: key press to new count", "ms", tuple(moves)),
        Measured(PAGE, "12 megapixel JPEG: uploaded to result", "ms", tuple(seen)),
    ]


def slider_moves(page: Page) -> list[float]:
    """Milliseconds of each step from 0.63 to 0.64 and back: one orange of the sample scores between."""
    slider = page.get_by_role("slider", name="Confidence")
    press(slider, "ArrowRight", 13)
    page.wait_for_url("**conf=0.63*")
    rest(page)
    times = []
    for move in range(SLIDER_MOVES + 2):
        key, words = ("ArrowRight", "4 objects") if move % 2 == 0 else ("ArrowLeft", "5 objects")
        page.evaluate(
            """words => {
                window.pressed = 0;
                addEventListener("keydown", () => { window.pressed = performance.now(); }, {capture: true, once: true});
                window.then = window.seen("strong", words);
            }""",
            words,
        )
        page.keyboard.press(key)
        times.append(page.evaluate("window.then.then(end => end - window.pressed)"))
        rest(page)
    return times[2:]  # the first of each way warms up


def photographs(page: Page) -> list[float]:
    """Milliseconds of each of several pictures, no two of which are the same."""
    times = []
    for seed in range(PHOTOGRAPHS + 1):
        name = f"photograph{seed}.jpg"
        page.evaluate("name => { window.then = window.seen(`img[alt^='${name}: ']`); }", name)
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
            {"name": name, "mimeType": "image/jpeg", "buffer": photograph(seed)}
        )
        times.append(page.evaluate("window.then.then(end => end - window.uploaded)"))
        rest(page)
        page.get_by_role("button", name=f"Remove {name}", exact=True).click()
        picture(page, SAMPLE).wait_for()
        rest(page)
    return times[1:]


def rest(page: Page) -> None:
    """Wait until the server has nothing more to send, and a little longer, as a visitor does."""
    at_rest(page).wait_for_timeout(300)


def photograph(seed: int) -> bytes:
    """A JPEG of 12 megapixels with the detail of a photograph: soft shapes, fine grain; about 5 MB."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize(PHOTOGRAPH_WH, Image.Resampling.BICUBIC)).astype(np.int16)
    grain = rng.integers(-12, 13, (*pixels.shape[:2], 1), dtype=np.int16)
    file = io.BytesIO()
    Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()
