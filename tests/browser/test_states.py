"""Every state of the page: nothing serious bars a visitor, in light, in dark, and nothing sticks out at any width."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Open
from tests.browser.steps import (
    COMPARISON,
    IN_BROWSER,
    SAMPLE,
    all_done,
    at_rest,
    click_in_table,
    drop,
    no_wider_than_its_window,
    picture,
)

pytestmark = IN_BROWSER
Photographs = dict[str, bytes]
WIDTHS = (390, 768, 1920)
# What axe finds in Streamlit's own parts, which the page cannot mend: rule, and a piece of the element's HTML.
STREAMLITS_OWN: tuple[tuple[str, str], ...] = ()


def one_upload(page: Page, photographs: Photographs) -> None:
    drop(page, {"fruits.jpg": photographs["fruits.jpg"]})
    picture(page, "fruits.jpg: 2 orange, 1 apple").wait_for()


def many(page: Page, photographs: Photographs) -> None:
    drop(page, {**photographs, "words.jpg": b"just words"})
    all_done(page, 6)


def many_compared(page: Page, photographs: Photographs) -> None:
    """Six files came; the one that cannot be read has nothing to compare."""
    drop(page, {**photographs, "words.jpg": b"just words"})
    all_done(page, 5)


def nothing_shown(page: Page, photographs: Photographs) -> None:
    drop(page, {"car.jpg": photographs["car.jpg"]})
    page.get_by_text("Nothing scores over").wait_for()


def bad_file(page: Page, _: Photographs) -> None:
    drop(page, {"words.jpg": b"just words"})
    page.get_by_role("alert").get_by_text("not a picture").wait_for()


def row_lit(page: Page, _: Photographs) -> None:
    click_in_table(page, 1)
    page.get_by_role("img", name="cut out of the picture").wait_for()


def all_unfolded(page: Page, _: Photographs) -> None:
    """Everything that is folded away, opened; the popover last, as it closes when something else is clicked."""
    for title in ("More", "On the picture", "Confidence of all that was found", "About this page"):
        page.locator("summary").get_by_text(title, exact=True).click()
    page.locator("canvas.marks, .vega-embed canvas, .vega-embed svg").first.wait_for()
    page.get_by_role("button", name="More files").click()
    page.get_by_role("button", name="Table as CSV").wait_for()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Use it from code").click()


def folder(page: Page, _: Photographs) -> None:
    page.get_by_role("radio", name="Folder").click()
    page.get_by_text("Choose a folder").wait_for()


def paste(page: Page, _: Photographs) -> None:
    page.get_by_role("radio", name="Paste").click()
    page.get_by_test_id("stChatInputTextArea").wait_for()


def nothing_more(page: Page, _: Photographs) -> None:
    page.get_by_test_id("stDataFrame").first.wait_for()


STATES: dict[str, tuple[str, Callable[[Page, Photographs], None]]] = {
    "sample": ("", lambda page, _: picture(page, SAMPLE).wait_for()),
    "row lit": ("", row_lit),
    "one upload": ("", one_upload),
    "many": ("", many),
    "side by side": (COMPARISON, nothing_more),
    "slider": (f"{COMPARISON}&view=Slider", nothing_more),
    "differences only": (f"{COMPARISON}&view=Differences+only", nothing_more),
    "many compared": (COMPARISON, many_compared),
    "bad file": ("", bad_file),
    "nothing shown": ("?conf=0.95", nothing_shown),
    "no such class": ("?conf=0.95&cls=orange", nothing_more),
    "large picture": ("?large=true", nothing_more),
    "all unfolded": ("", all_unfolded),
    "folder": ("", folder),
    "paste": ("", paste),
}


@pytest.mark.parametrize("state", STATES)
def test_the_page_is_open_to_everybody_on_every_screen(
    state: str, visit: Open, photographs: Photographs
) -> None:
    query, reach = STATES[state]
    page = visit(query)
    reach(page, photographs)
    at_rest(page)
    assert barriers(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor === 'rgb(17, 23, 23)'"
    )
    assert barriers(page) == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"window.innerWidth === {width}")
        no_wider_than_its_window(page)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    assert barriers(page) == []


def barriers(page: Page) -> list[tuple[str, ...]]:
    """Those that stay: when the colours change, some parts follow a moment after the others."""
    for _ in range(3):
        found = _barriers_now(page)
        if not found:
            break
        page.wait_for_timeout(1000)
    return found


def _barriers_now(page: Page) -> list[tuple[str, ...]]:
    """Rule, element and reasons of each serious or critical violation that is not Streamlit's own."""
    at_rest(page)
    return [
        (rule["id"], node["html"], *(check["message"] for check in node["any"]))
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if not any(rule["id"] == known and part in node["html"] for known, part in STREAMLITS_OWN)
    ]
