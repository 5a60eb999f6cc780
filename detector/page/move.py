"""Moving between many pictures: a list with thumbnails and what was found, previous and next."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from detector.page.visit import Seen, Visit
from detector.page.words import counted
from detector.settings import Limits

Cells = Mapping[str, int | str | None]


def move(seen: Sequence[Seen], cells: Sequence[Cells], visit: Visit, limits: Limits) -> int:
    """Which picture to show; with more than one, a list to choose from, and buttons with the arrow keys.

    cells: what the list says of each picture beside its name.
    """
    if len(seen) == 1:
        return 0
    at = min(int(st.session_state.get("at", 0)), len(seen) - 1)
    previous, place, following = st.columns([2, 3, 2], vertical_alignment="center")
    previous.button("Previous", key="previous", shortcut="Left", on_click=_go, args=((at - 1) % len(seen),))
    place.markdown(f"**{at + 1} of {counted(len(seen), 'picture')}**")
    following.button("Next", key="next", shortcut="Right", on_click=_go, args=((at + 1) % len(seen),))
    rows = [{"": _thumbnail(one, visit, limits), "picture": one.brought.name} for one in seen]
    st.dataframe(
        pd.DataFrame([{**row, **cell} for row, cell in zip(rows, cells, strict=True)]),
        hide_index=True,
        width="stretch",
        height=min(38 + 50 * len(seen), 240),
        row_height=48,
        column_config={"": st.column_config.ImageColumn(width=70)},
        on_select=_follow,
        selection_mode="single-row",
        key="pictures",
        alt="The pictures of this visit, with what was found in each",
    )
    return at


def _go(at: int) -> None:
    st.session_state["at"] = at


def _follow() -> None:
    """Go to the row that was chosen."""
    if rows := st.session_state["pictures"]["selection"]["rows"]:
        _go(rows[0])


def _thumbnail(one: Seen, visit: Visit, limits: Limits) -> str | None:
    return visit.thumbnail(one.brought, limits) if one.found is not None else None
