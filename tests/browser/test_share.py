"""A link restores what was chosen, and never a picture."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.steps import IN_BROWSER, at_rest, drop, picture, press

pytestmark = IN_BROWSER


def test_a_link_restores_everything_but_the_picture(
    page: Page, visit: Open, home: Path, photographs: dict[str, bytes]
) -> None:
    (home / "car.jpg").write_bytes(photographs["car.jpg"])  # as if fetched before
    page.get_by_role("button", name="car", exact=True).or_(
        page.get_by_role("radio", name="car", exact=True)
    ).click()
    picture(page, "car.jpg: 1 car").wait_for()
    press(page.get_by_role("slider", name="Confidence"), "ArrowLeft", 2)
    page.wait_for_url("**conf=0.48*")
    search = page.get_by_role("combobox", name="Show classes")
    search.fill("car")
    page.get_by_role("option", name="car", exact=True).click()
    search.press("Escape")
    page.wait_for_url("**cls=car*")
    at_rest(page).get_by_text("Compare two settings").click()
    page.get_by_text("Model B").wait_for()
    at_rest(page).get_by_role("radio", name="insects").last.click(force=True)
    page.wait_for_url("**model_b=insects*")
    drop(at_rest(page), {"clock.jpg": photographs["clock.jpg"]})
    page.get_by_role("img", name="clock.jpg").first.wait_for()
    link = shared_link(page)
    assert parse_qs(urlsplit(link).query) == {
        "compare": ["true"],
        "model_b": ["insects"],
        "conf": ["0.48"],
        "cls": ["car"],
        "sample": ["car"],
    }
    again = visit(f"?{urlsplit(link).query}")
    expect(again.get_by_role("img", name="yolov3-tiny, car.jpg: 1 car")).to_be_visible()
    expect(again.get_by_role("img", name="insects, car.jpg: nothing found")).to_be_visible()
    expect(again.get_by_role("slider", name="Confidence")).to_have_value("0.48")
    expect(again.get_by_role("radio", name="insects").last).to_be_checked()
    assert "clock.jpg" not in again.content()


def shared_link(page: Page) -> str:
    at_rest(page).get_by_role("button", name="Share").click()
    return page.get_by_test_id("stCode").inner_text().strip()
