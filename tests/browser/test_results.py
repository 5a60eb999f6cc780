"""Looking at results: the chosen row and its box, classes, many pictures, the handle between two pictures."""

import itertools

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.steps import (
    COMPARISON,
    IN_BROWSER,
    SAMPLE,
    all_done,
    at_rest,
    brightness,
    cells,
    click_in_table,
    drop,
    picture,
    press,
)

pytestmark = IN_BROWSER
SAMPLE_WIDTH = 1200
LABEL_COLUMN_X = 100


def test_the_chosen_row_lights_its_box_also_in_a_table_sorted_otherwise(page: Page) -> None:
    before = cells(page, 5)
    click_in_table(page, -1, LABEL_COLUMN_X)
    expect(page.get_by_test_id("glide-cell-2-0")).to_have_text("clock")
    first = cells(page, 5)[0]
    assert first == before[1]
    click_in_table(page, 0)
    picture(page, "clock, cut out of the picture").wait_for()
    lit, *dim = brightness(
        at_rest(page), picture(page, SAMPLE), [box(first), *map(box, before[2:4])], SAMPLE_WIDTH
    )
    assert lit > 2 * max(dim)
    click_in_table(page, 0)  # and off again
    picture(page, "clock, cut out of the picture").wait_for(state="detached")


def box(row: tuple[str, ...]) -> list[int]:
    return [int(edge) for edge in row[3].split(", ")]


def test_a_chosen_row_is_forgotten_when_another_object_may_stand_in_it(page: Page) -> None:
    click_in_table(page, 0)
    picture(page, "stop sign, cut out of the picture").wait_for()
    press(
        page.get_by_role("slider", name="Confidence"), "ArrowRight", 20
    )  # some go at the end; the first stays
    picture(page, "clock-sign-oranges.jpg: 1 stop sign, 1 clock, 1 orange").wait_for()
    expect(picture(page, "stop sign, cut out of the picture")).to_be_visible()
    at_rest(page).get_by_role("button", name="orange 1").click()
    picture(page, "clock-sign-oranges.jpg: 1 orange").wait_for()
    expect(page.get_by_role("img", name="cut out of the picture")).to_have_count(0)


def test_a_class_is_found_by_a_few_of_its_letters_and_all_can_be_chosen(page: Page) -> None:
    search = page.get_by_role("combobox", name="Show classes")
    search.click()
    search.fill("orng")
    expect(page.get_by_role("option")).to_have_text(["orange"])
    search.press("Enter")
    search.press("Escape")  # while the list is open, nothing else is there for a screen reader
    picture(page, "clock-sign-oranges.jpg: 3 orange").wait_for()
    page.wait_for_url("**cls=orange*")
    at_rest(page)
    search.click()
    page.get_by_text("Select all").click()
    search.press("Escape")
    picture(page, SAMPLE).wait_for()
    expect(page.get_by_text("5 objects")).to_be_visible()


def test_arrow_keys_move_between_pictures(page: Page, photographs: dict[str, bytes]) -> None:
    names = {"car.jpg": "1 car", "clock.jpg": "1 clock", "fruits.jpg": "2 orange, 1 apple"}
    drop(page, {name: photographs[name] for name in names})
    all_done(page, 3)
    assert [row[1:] for row in cells(page, 3)] == [
        (name, found.partition(" ")[0], found) if "," not in found else (name, "3", found)
        for name, found in names.items()
    ]
    at_rest(page)
    for key, name in zip(
        ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"],
        itertools.cycle(["clock.jpg", "fruits.jpg", "car.jpg", "fruits.jpg"]),
        strict=False,
    ):
        page.keyboard.press(key)
        picture(page, f"{name}: {names[name]}").wait_for()
        at_rest(page)


def test_pictures_appear_as_they_finish(page: Page, photographs: dict[str, bytes]) -> None:
    """A trailing byte makes each another picture, so that all twenty are looked at."""
    drop(page, {f"{i:02}.jpg": photographs["car.jpg"] + bytes([i]) for i in range(20)})
    picture(page, "00.jpg: 1 car").wait_for()
    all_done(page, 20)
    page.get_by_role("button", name="More files").click()
    expect(page.get_by_role("button", name="Everything of 20 pictures")).to_be_visible()


def test_the_handle_between_two_pictures_moves_by_keyboard(visit: Open) -> None:
    page = visit(f"{COMPARISON}&view=Slider")
    handle = page.get_by_role("slider", name="Share of the picture that shows A")
    stage = page.locator(".stage")
    for key, share in (("Home", "0%"), ("ArrowRight", "1%"), ("End", "100%")):
        press(handle, key, 1)
        assert stage.evaluate("stage => stage.style.getPropertyValue('--at')") == share


def test_the_comparison_is_shown_in_three_ways(visit: Open) -> None:
    page = visit(COMPARISON)
    expect(
        page.get_by_role("img", name="A: yolov3-tiny, fit stretch, clock-sign-oranges.jpg")
    ).to_be_visible()
    expect(page.get_by_role("img", name="B: yolov3-tiny, fit letterbox, clock-sign")).to_be_visible()
    beside = who(page)
    assert "both" in beside
    page.get_by_role("radio", name="Slider").click()
    page.get_by_role("slider", name="Share of the picture that shows A").wait_for()
    assert who(at_rest(page)) == beside
    page.get_by_role("radio", name="Differences only").click()
    expect(page.get_by_test_id("stDataFrame").get_by_text("both")).to_have_count(0)
    assert who(at_rest(page)) == [one for one in beside if one != "both"]


def who(page: Page) -> list[str]:
    """Who found each object, as the table of a comparison says."""
    table = page.get_by_test_id("stDataFrame")
    table.hover()
    expect(table.locator("th", has_text="who")).to_have_count(1)
    columns = table.locator("th").all_text_contents()
    texts = table.locator("td[id^=glide-cell]").all_text_contents()
    return texts[columns.index("who") :: len(columns)]
