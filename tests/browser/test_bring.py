"""Every way in which pictures come: dropped, from a folder, pasted, from the camera; and how they go."""

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Dialog, Page, expect

from tests.browser.conftest import Open
from tests.browser.steps import (
    IN_BROWSER,
    PATIENCE_MS,
    SAMPLE,
    all_done,
    at_rest,
    cells,
    drop,
    picture,
    press,
    shown,
)

pytestmark = IN_BROWSER
MARKUP = ("<img src=x onerror=alert(1)>.jpg", "**bold** [link](https:x) $x^2$ :red[y].jpg")


def test_a_folder_comes_in_whole_without_what_is_no_picture(
    page: Page, photographs: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "holiday" / "inner").mkdir(parents=True)
    (tmp_path / "holiday" / "car.jpg").write_bytes(photographs["car.jpg"])
    (tmp_path / "holiday" / "inner" / "clock.jpg").write_bytes(photographs["clock.jpg"])
    (tmp_path / "holiday" / "notes.txt").write_text("sunny")
    page.get_by_role("radio", name="Folder").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload directories").click()
    chooser.value.set_files(tmp_path / "holiday")
    all_done(page, 2)
    found = {name: what for _, name, _, what in cells(page, 2)}
    assert found == {"car.jpg": "1 car", "clock.jpg": "1 clock"}


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
    picture(page, "image.jpg: 1 car").wait_for()


def test_the_camera_is_asked_for_when_it_is_chosen_and_not_before(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.add_init_script(
        """window.asked = 0;
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = wanted => { window.asked += 1; return real(wanted); };"""
    )
    page.goto(address)
    shown(page)
    assert page.evaluate("window.asked") == 0
    page.get_by_role("radio", name="Camera").click()
    page.wait_for_function("document.querySelector('video')?.readyState === 4")
    assert page.evaluate("window.asked") > 0
    page.get_by_role("button", name="Take Photo").click()
    page.get_by_text("Nothing of yours yet").wait_for(state="hidden")
    expect(page.get_by_role("img", name=re.compile("^camera.*: "))).to_be_visible()
    page.close()


def test_clear_all_brings_the_sample_back(page: Page, photographs: dict[str, bytes]) -> None:
    drop(page, {name: photographs[name] for name in ("car.jpg", "clock.jpg")})
    all_done(page, 2)
    at_rest(page).get_by_role("button", name="Clear all").click()
    picture(page, SAMPLE).wait_for()
    expect(page.get_by_text("car.jpg")).to_have_count(0)
    expect(page.get_by_role("button", name="Clear all")).to_have_count(0)


def test_names_that_hold_markup_are_shown_as_text(page: Page, photographs: dict[str, bytes]) -> None:
    ran: list[str] = []

    def refuse(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    for name in MARKUP:
        drop(page, {name: b"just words"})
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(f"{name}: this is not a picture that can be read")
        expect(alert.locator("img, a, .katex, [class*=red]")).to_have_count(0)
        at_rest(page).get_by_role("button", name=f"Remove {name}", exact=True).click()
        picture(page, SAMPLE).wait_for()
        drop(page, {name: photographs["car.jpg"]})
        picture(page, f"{name}: 1 car").wait_for()
        at_rest(page).get_by_role("button", name=f"Remove {name}", exact=True).click()
        picture(page, SAMPLE).wait_for()
    assert ran == []
    assert page.locator("img[src=x]").count() == 0


def test_two_visitors_at_once_see_only_their_own(visit: Open, photographs: dict[str, bytes]) -> None:
    browser = visit().context.browser
    assert browser
    with browser.new_context() as elsewhere:
        elsewhere.set_default_timeout(PATIENCE_MS)
        one, other = visit(), visit(in_context=elsewhere)
        drop(one, {"car.jpg": photographs["car.jpg"]})
        drop(other, {"clock.jpg": photographs["clock.jpg"]})
        picture(one, "car.jpg: 1 car").wait_for()
        picture(other, "clock.jpg: 1 clock").wait_for()
        press(one.get_by_role("slider", name="Confidence"), "ArrowLeft", 1)
        one.wait_for_url("**conf=0.49*")
        for page, stranger in ((at_rest(one), "clock.jpg"), (at_rest(other), "car.jpg")):
            assert stranger not in page.content()
        expect(other.get_by_role("slider", name="Confidence")).to_have_value("0.5")
