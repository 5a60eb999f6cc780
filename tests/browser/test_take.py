"""Files that visitors take away arrive, hold what the page shows, and leave the page as it is."""

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from detector.pictures.decode import read_picture
from tests.browser.steps import IN_BROWSER, at_rest, drop, picture

pytestmark = IN_BROWSER
LABELS = ["apple", "orange", "orange"]
WATCH = """() => {
    window.runs = 0;
    new MutationObserver(() => { window.runs += 1; })
        .observe(document.querySelector("[data-testid=stApp]"), {attributeFilter: ["data-test-script-state"]});
}"""


def test_every_file_arrives_and_the_page_does_not_run_again(
    page: Page, photographs: dict[str, bytes], tmp_path: Path
) -> None:
    drop(page, {"fruits.jpg": photographs["fruits.jpg"]})
    picture(page, "fruits.jpg: 2 orange, 1 apple").wait_for()
    at_rest(page).evaluate(WATCH)
    taken = {}
    for button in ("Download annotated picture", *FILES):
        expect(page.get_by_role("button", name="More files")).to_have_count(1)  # that of the sample is gone
        wanted = page.get_by_role("button", name=button, exact=True)
        if not wanted.count():
            page.get_by_role("button", name="More files").click()
        with page.expect_download() as download:
            wanted.click()
        name = download.value.suggested_filename
        download.value.save_as(tmp_path / name)
        taken[name] = (tmp_path / name).read_bytes()
    assert page.evaluate("window.runs") == 0
    for name, look_into in CONTENTS.items():
        look_into(taken.pop(name), photographs["fruits.jpg"])
    assert not taken
    assert watch_sees_a_run(page)


def watch_sees_a_run(page: Page) -> bool:
    """A quick run may begin and end between two looks of the watch, but not several."""
    for _ in range(4):
        page.get_by_role("switch", name="Large picture").click(force=True)
        at_rest(page).wait_for_timeout(500)
        if page.evaluate("window.runs") > 0:
            return True
    return False


FILES = (
    "Picture as PNG",
    "Table as CSV",
    "JSON",
    "COCO JSON",
    "YOLO labels",
    "Pascal VOC XML",
    "Everything of 1 picture, with crops, as a zip",
)


def a_picture(data: bytes, original: bytes) -> None:
    drawn, before = read_picture(data), read_picture(original)
    assert drawn.size_wh == before.size_wh
    assert (drawn.pixels != before.pixels).any()


def a_table(data: bytes, original: bytes) -> None:
    assert [row["label"] for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig")))] == LABELS


def coco(data: bytes, original: bytes) -> None:
    assert [one["category_id"] for one in json.loads(data)["annotations"]] == [53, 55, 55]


def yolo(data: bytes, original: bytes) -> None:
    assert [line.split()[0] for line in data.decode().splitlines()] == ["47", "49", "49"]


def voc(data: bytes, original: bytes) -> None:
    assert [name.text for name in ET.fromstring(data).iterfind("object/name")] == LABELS


def plain_json(data: bytes, original: bytes) -> None:
    assert all(label in data.decode() for label in set(LABELS))
    json.loads(data)


def everything(data: bytes, original: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "annotated/fruits.jpg" in archive.namelist()
        coco(archive.read("coco.json"), original)


CONTENTS: dict[str, Callable[[bytes, bytes], None]] = {
    "fruits-detected.jpg": a_picture,
    "fruits-detected.png": a_picture,
    "fruits.csv": a_table,
    "fruits.json": plain_json,
    "fruits-coco.json": coco,
    "fruits.txt": yolo,
    "fruits.xml": voc,
    "detections.zip": everything,
}
