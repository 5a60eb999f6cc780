"""What a visitor does on the page, and what there is to see."""

import io
import shutil
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

CHROMIUM = next(
    filter(
        None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))
    ),
    None,
)
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine, so the page was not tried in one"
)
IN_BROWSER = [pytest.mark.browser, NEEDS_CHROMIUM]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
PATIENCE_MS = 60_000
SAMPLE = "clock-sign-oranges.jpg: 3 orange, 1 stop sign, 1 clock"
COMPARISON = "?compare=true&model_b=yolov3-tiny&fit_b=letterbox&conf=0.2"
_HEADER, _ROW = 36, 35  # pixels of the table


def shown(page: Page) -> Page:
    """Wait until everything is there: the page ends with what it says about itself, and the server is at rest."""
    page.get_by_text("About this page").wait_for()
    return at_rest(page)


def at_rest(page: Page) -> Page:
    """Wait until the server has nothing more to send."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.locator("[data-stale=true], [data-testid=stSkeleton]")).to_have_count(0)
    page.wait_for_function(
        "document.getAnimations().every(one => one.effect.getComputedTiming().endTime === Infinity)"
    )
    return page


def all_done(page: Page, pictures: int) -> Page:
    """Wait until each of so many pictures has been looked at, and the first is shown."""
    page.get_by_text(f"1 of {pictures} pictures", exact=True).wait_for()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    return at_rest(page)


def picture(page: Page, alt: str) -> Locator:
    """The picture with exactly this text in its place."""
    return page.get_by_role("img", name=alt, exact=True)


def drop(page: Page, files: dict[str, bytes]) -> None:
    """Let go of files over the drop zone, as a hand with a mouse does."""
    transfer = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, bytes] of Object.entries(files))
                transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
            return transfer;
        }""",
        {name: list(data) for name, data in files.items()},
    )
    zone = page.get_by_test_id("stFileUploaderDropzone")
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": transfer})


def press(slider: Locator, key: str, times: int) -> None:
    """By keyboard alone."""
    slider.focus()
    for _ in range(times):
        slider.press(key)


def cells(page: Page, rows: int, columns: int = 4, table: int = 0) -> list[tuple[str, ...]]:
    """What a table says, row by row as it is sorted now, once there are so many rows."""
    found = page.get_by_test_id("stDataFrame").nth(table).locator("td[id^=glide-cell]")
    expect(found).to_have_count(columns * rows)
    texts = [text.strip() for text in found.all_text_contents()]
    return [tuple(texts[i : i + columns]) for i in range(0, len(texts), columns)]


def click_in_table(page: Page, row: int, x: int = 16) -> None:
    """Row 0 is the first under the header, -1 the header; at x = 16 is the box that chooses a row."""
    y = _HEADER + _ROW * row + _ROW // 2
    page.get_by_test_id("stDataFrame").first.locator(".dvn-scroller").click(position={"x": x, "y": y})


def pixels(page: Page, image: Locator) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """The picture as the browser got it."""
    source = image.evaluate("image => image.src")
    return np.asarray(Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB"))


def brightness(page: Page, image: Locator, boxes: Sequence[Sequence[float]], width: int) -> list[float]:
    """How bright it is inside each box, given in pixels of a picture that is so wide."""
    shown = pixels(page, image)
    scale = shown.shape[1] / width
    cut = ([round(edge * scale) for edge in box] for box in boxes)
    return [float(shown[y1:y2, x1:x2].mean()) for x1, y1, x2, y2 in cut]


def no_wider_than_its_window(page: Page) -> None:
    """Wait until nothing can be moved sideways; a change of the window's size takes some steps to be followed."""
    page.wait_for_function(
        "[...document.querySelectorAll('html, main')].every(part => part.scrollWidth <= part.clientWidth)"
    )
