"""Moving between many pictures: a list with thumbnails and what was found, previous and next."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from detector.page.visit import Seen, Visit
from detector.page.words import counted

Cells = Mapping[str, int | str | None]
COLUMN_WIDTHS = {  # in proportion, so that the thumbnail's is no wider than it needs
    "": st.column_config.ImageColumn(width=70),
    "picture": st.column_config.TextColumn(width=250),
    "objects": st.column_config.NumberColumn(width=70),
    "found": st.column_config.TextColumn(width=400),
}


def place(pictures: int) -> int:
    """Which of so many pictures is shown now."""
    return min(int(st.session_state.get("at", 0)), pictures - 1)


def move(seen: Sequence[Seen], cells: Sequence[Cells], visit: Visit) -> None:
    """With more than one picture, a list to choose from, and buttons with the arrow keys.

    cells: what the list says of each picture beside its name.
    """
    if len(seen) == 1:
        return
    at = place(len(seen))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Previous", key="previous", shortcut="Left", on_click=_go, args=((at - 1) % len(seen),))
        st.markdown(f"**{at + 1} of {counted(len(seen), 'picture')}**", width="content")
        st.button("Next", key="next", shortcut="Right", on_click=_go, args=((at + 1) % len(seen),))
    rows = [{"": _thumbnail(one, visit), "picture": one.brought.name} for one in seen]
    st.session_state["pictures"] = {"selection": {"rows": [at]}}  # also after Previous and Next
    st.dataframe(
        pd.DataFrame([{**row, **cell} for row, cell in zip(rows, cells, strict=True)]),
        hide_index=True,
        width="stretch",
        height=min(38 + 48 * len(seen), 240),
        placeholder="",
        row_height=48,
        column_config=COLUMN_WIDTHS,
        on_select=_follow,
        selection_mode="single-row",
        key="pictures",
        alt="The pictures of this visit, with what was found in each",
    )


def still_waiting(waiting: int, pictures: int, visit: Visit) -> None:
    """How far the work on many pictures is, with a button to stop it or to go on."""
    if not waiting:
        return
    done = f"{pictures - waiting} of {counted(pictures, 'picture')}"
    bar, button = st.columns([5, 1], vertical_alignment="center")
    bar.progress(1 - waiting / pictures, f"Stopped after {done}" if visit.stopped else f"{done} done")
    button.button("Go on" if visit.stopped else "Stop", key="stop", on_click=_stop_or_go_on, args=(visit,))


def _stop_or_go_on(visit: Visit) -> None:
    visit.stopped = not visit.stopped


def _go(at: int) -> None:
    st.session_state["at"] = at


def _follow() -> None:
    """Go to the row that was chosen."""
    if rows := st.session_state["pictures"]["selection"]["rows"]:
        _go(rows[0])


def _thumbnail(one: Seen, visit: Visit) -> str | None:
    return visit.thumbnail(one.brought) if one.found is not None else None
