"""Take the README's pictures of the page in every state: `python -m docs.take_screenshots`.

Whatever they show is drawn by code, so that they may be passed on freely.
"""

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from docs.draw_sample import background, clock, orange, stop_sign
from tests.browser.steps import (
    CHROMIUM,
    COMPARISON,
    FLAGS,
    PATIENCE_MS,
    all_done,
    at_rest,
    click_in_table,
    drop,
    shown,
)
from tests.served import page_served

FOLDER = Path(__file__).parent
WIDTH, PHONE_WIDTH = 1280, 390
LEAST_HEIGHT, MOST_HEIGHT, PHONE_HEIGHT = 640, 1500, 1120
COLOURS = 256
Draw = Callable[[Image.Image], None]


def main() -> None:
    """Each state once, into a file of its name."""
    with (
        tempfile.TemporaryDirectory() as folder,
        page_served(Path(folder) / "log.txt", {}) as server,
        sync_playwright() as running,
    ):
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (query, reach) in STATES.items():
            with visit(browser, f"{server.url}/{query}", name) as page:
                reach(page)
                save(page, FOLDER / f"{name}.png")
        browser.close()


@contextmanager
def visit(browser: Browser, url: str, state: str) -> Iterator[Page]:
    """The page as this state's visitor opens it."""
    phone = state == "phone"
    page = browser.new_page(
        viewport={"width": PHONE_WIDTH if phone else WIDTH, "height": 900},
        color_scheme="dark" if state == "dark" else "light",
        device_scale_factor=2 if phone else 1,
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    yield shown(page)
    page.close()


def save(page: Page, target: Path) -> None:
    """All of the page, in few colours, so that the file is small."""
    page.mouse.move(0, 0)
    page.wait_for_function("[...document.images].every(one => one.complete)")
    at_rest(page).wait_for_timeout(500)
    height = page.locator("[data-testid=stMainBlockContainer]").evaluate("part => part.scrollHeight")
    size = page.viewport_size
    assert size
    most = PHONE_HEIGHT if size["width"] == PHONE_WIDTH else MOST_HEIGHT
    tall = min(max(LEAST_HEIGHT, height - 60), most)  # less some of the room under the last line
    page.set_viewport_size({"width": size["width"], "height": tall})
    at_rest(page).wait_for_timeout(500)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE).save(target, optimize=True)


def light_a_row(page: Page) -> None:
    """A row chosen in the table."""
    click_in_table(page, 1)
    page.get_by_role("img", name="clock, cut out of the picture").wait_for()


def drop_many(page: Page) -> None:
    """Several pictures at once."""
    drop(page, {name: drawn(*parts) for name, parts in DRAWN.items()})
    all_done(page, len(DRAWN))


def drop_what_scores_less(page: Page) -> None:
    """A picture in which nothing is sure enough."""
    drop(page, {"oranges.jpg": drawn(*DRAWN["oranges.jpg"])})
    page.get_by_text("Nothing scores over").wait_for()


def drop_words(page: Page) -> None:
    """A file that is no picture."""
    drop(page, {"letter.jpg": b"Dear Sir or Madam"})
    page.get_by_role("alert").wait_for()


def unfold_histogram(page: Page) -> None:
    """The confidences of all that was found."""
    page.get_by_text("Confidence of all that was found").click()
    page.get_by_test_id("stVegaLiteChart").wait_for()


def drawn(*parts: Draw) -> bytes:
    """A JPEG of the sample's wall and table with these things before them."""
    image, file = background(), io.BytesIO()
    for part in parts:
        part(image)
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


DRAWN: dict[str, tuple[Draw, ...]] = {
    "two clocks.jpg": (lambda image: clock(image, 320, 280, 210), lambda image: clock(image, 860, 280, 170)),
    "crossing.jpg": (
        lambda image: stop_sign(image, 380, 260, 220),
        lambda image: clock(image, 880, 250, 190),
    ),
    "oranges.jpg": tuple(
        (lambda image, x=x, y=y, radius=radius: orange(image, x, y, radius))
        for x, y, radius in ((240, 600, 120), (520, 620, 125), (800, 600, 118), (1040, 640, 110))
    ),
}
STATES: dict[str, tuple[str, Callable[[Page], object]]] = {
    "page": ("", at_rest),
    "row": ("", light_a_row),
    "many": ("?conf=0.3", drop_many),
    "comparison": (COMPARISON, at_rest),
    "nothing": ("?conf=0.95", drop_what_scores_less),
    "error": ("", drop_words),
    "dark": ("?conf=0.3", unfold_histogram),
    "phone": ("", at_rest),
}

if __name__ == "__main__":
    main()
