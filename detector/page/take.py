"""Taking the results away: each file is made when it is asked for, in full size, and the page does not run again."""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from detector.page.choose import Choices
from detector.page.understand import filtered
from detector.page.visit import Seen, Visit
from detector.page.words import counted
from detector.pictures.draw import Look, beside, draw
from detector.pictures.encode import encode
from detector.results.archive import archive_bytes
from detector.results.datasets import coco_json, voc_xml, yolo_labels
from detector.results.exports import Item, annotated_bytes, csv_text, json_text
from detector.results.filenames import safe_name, split_suffix
from detector.values import Detections


def take(seen: Sequence[Seen], current: Seen, shown: Detections, choices: Choices, visit: Visit) -> None:
    """The annotated picture, the picture's results as data, and everything of all pictures in one zip.

    Files hold what the page shows: what the confidence and the classes leave.
    """
    item = _item(current, shown, visit)
    items = [
        _item(one, filtered(one.found, choices.settings, choices.classes), visit) for one in seen if one.found
    ]
    look, stem = choices.look, split_suffix(safe_name(current.brought.name))[0]
    _button(
        "Download annotated picture", f"{stem}-detected.jpg", partial(annotated_bytes, item, ".jpg", look)
    )
    with st.popover("More files", icon=":material/folder_zip:", key="files"):
        _button("Picture as PNG", f"{stem}-detected.png", partial(annotated_bytes, item, ".png", look))
        _button("Table as CSV", f"{stem}.csv", partial(csv_text, [item]))
        _button("JSON", f"{stem}.json", partial(json_text, [item]))
        _button("COCO JSON", f"{stem}-coco.json", partial(coco_json, [item]))
        _button("YOLO labels", f"{stem}.txt", partial(yolo_labels, shown))
        _button("Pascal VOC XML", f"{stem}.xml", partial(voc_xml, item))
        everything = f"Everything of {counted(len(items), 'picture')}, with crops, as a zip"
        _button(everything, "detections.zip", partial(archive_bytes, items, look))


def take_comparison(
    seen: Seen, sides: Sequence[tuple[Detections, list[int]]], table: pd.DataFrame, look: Look, visit: Visit
) -> None:
    """Both pictures in one, and the table of the comparison.

    sides: what the page shows of A and of B, with the numbers on the boxes.
    """
    stem = split_suffix(safe_name(seen.brought.name))[0]

    def both() -> bytes:
        full = visit.read(seen.brought)
        left, right = (draw(full, found, look, numbers) for found, numbers in sides)
        return encode(beside(left, right), ".jpg")

    with st.container(horizontal=True):
        _button("Download both pictures", f"{stem}-comparison.jpg", both)
        _button("Table as CSV", f"{stem}-comparison.csv", lambda: table.to_csv(index=False))


def _item(seen: Seen, found: Detections, visit: Visit) -> Item:
    return Item(seen.brought.name, partial(visit.read, seen.brought), found)


def _button(label: str, file_name: str, make: Callable[[], str | bytes]) -> None:
    st.download_button(
        label,
        make,
        file_name=file_name,
        on_click="ignore",
        icon=":material/download:",
        key=f"take {label.split(' of ', maxsplit=1)[0]}",
    )
