"""Everything by keyboard alone."""

from playwright.sync_api import Page, expect

from tests.browser.steps import IN_BROWSER, SAMPLE, at_rest, picture

pytestmark = IN_BROWSER
FOCUSED = """() => {
    const at = document.activeElement;
    if (["MAIN", "SECTION", "BODY"].includes(at.tagName)) return at.tagName;  // they hold the text of all in them
    return at.getAttribute("aria-label") || at.innerText || at.getAttribute("data-testid") || at.tagName;
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is so named has the focus."""
    passed = []
    for _ in range(60):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(FOCUSED))
        if name in passed[-1].splitlines():  # an icon's name stands in a line of its own
            return
    raise AssertionError(f"Tab never came to {name!r}, only to {passed}")


def test_a_visit_needs_no_mouse(page: Page) -> None:
    # The browser must know that somebody listens long before the key that opens the chooser is pressed: the two ways
    # to tell it have no order.
    page.on("filechooser", lambda chooser: None)
    tab_to(page, "Confidence")
    for _ in range(20):  # the one orange that scores less than 0.7 goes at 0.70
        page.keyboard.press("ArrowRight")
    picture(page, "clock-sign-oranges.jpg: 1 stop sign, 1 clock, 1 orange").wait_for()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    picture(page, SAMPLE).wait_for()
    at_rest(page)
    tab_to(page, "upload")
    with page.expect_file_chooser():
        page.keyboard.press("Enter")
    tab_to(page, "Large picture")
    page.keyboard.press("Space")
    expect(page.get_by_role("switch", name="Large picture")).to_be_checked()
    at_rest(page)
    tab_to(page, "data-grid-canvas")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    page.get_by_role("img", name="cut out of the picture").wait_for()
    at_rest(page)
    tab_to(page, "Download annotated picture")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "clock-sign-oranges-detected.jpg"
    tab_to(page, "More files")
    page.keyboard.press("Enter")
    tab_to(page, "Table as CSV")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "clock-sign-oranges.csv"
