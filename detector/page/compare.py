"""Two settings on the same pictures: where they agree, how they differ, and how long each takes."""

from dataclasses import fields

import pandas as pd
import streamlit as st

import detector
from detector.page.choose import LINKED, Choices
from detector.page.move import move, place
from detector.page.slider import compare_slider
from detector.page.take import take_comparison
from detector.page.understand import filtered
from detector.page.visit import Seen, Visit
from detector.page.words import counted, describe, escape
from detector.pictures.encode import encode
from detector.results.agreement import (
    COLUMNS,
    KINDS,
    WHO,
    Agreement,
    Kind,
    compare,
    ordered,
    rows,
    summarise,
)
from detector.settings import Settings
from detector.values import Detections

VIEWS = ("Side by side", "Slider", "Differences only")
HEADINGS: dict[Kind, str] = {
    "both": "Both found",
    "only a": "Only A",
    "only b": "Only B",
    "renamed": "Same place, other name",
}
Shown = tuple[Seen, Detections, Detections, Agreement]


def compare_view(seen: tuple[list[Seen], list[Seen]], choices: Choices, visit: Visit) -> None:
    """Totals over all pictures, the one that differs most first, and its two results."""
    assert choices.other is not None
    titles = title(choices.settings, choices.other)
    shown = [
        _shown(one, other, choices)
        for one, other in zip(*seen, strict=True)
        if one.found is not None and other.found is not None
    ]
    for one in seen[0]:
        if one.error:
            st.error(f"**{escape(one.brought.name)}**: {escape(one.error)}")
    if not shown:
        return
    if len(shown) > 1:
        shown = _most_different_first(shown)
    cells = [{HEADINGS[kind]: agreement.counts[kind] for kind in KINDS} for *_, agreement in shown]
    move([one for one, *_ in shown], cells, visit)
    current = shown[place(len(shown))]
    st.markdown(speed(visit.race(current[0].brought, choices.settings, choices.other), titles))
    _one_picture(current, visit, choices, titles)


def title(one: Settings, other: Settings) -> tuple[str, str]:
    """A and B, each named by its model and by what else differs."""
    parts: tuple[list[str], list[str]] = ([one.model], [other.model])
    for name in (field.name for field in fields(Settings) if field.name not in ("model", "confidence")):
        values = getattr(one, name), getattr(other, name)
        if values[0] != values[1]:
            for part, value in zip(parts, values, strict=True):
                part.append(f"{name.replace('_', ' ')} {value if value is not None else 'of the model'}")
    return f"A: {', '.join(parts[0])}", f"B: {', '.join(parts[1])}"


def speed(times: tuple[float, float], titles: tuple[str, str]) -> str:
    """Milliseconds of each, and which took how much longer."""
    fast, slow = sorted(times)
    slower = "A" if times[0] == slow else "B"
    parts = [f"**{escape(name)}** {time:.0f} ms" for name, time in zip(titles, times, strict=True)]
    ratio = f"{slow / fast:.1f}"
    same = "both take the same time"
    return " · ".join([*parts, same if ratio == "1.0" else f"{slower} takes {ratio} times as long"])


def _shown(one: Seen, other: Seen, choices: Choices) -> Shown:
    assert one.found is not None
    assert other.found is not None
    assert choices.other is not None
    a = filtered(one.found, choices.settings, choices.classes)
    b = filtered(other.found, choices.other, choices.classes)
    return one, a, b, compare(a, b)


def _most_different_first(shown: list[Shown]) -> list[Shown]:
    # Names may repeat, so each picture stands under its place.
    summary = summarise([(f"{i:04}", agreement) for i, (*_, agreement) in enumerate(shown)])
    totals = " · ".join(f"{HEADINGS[kind]} {count}" for kind, count in summary.counts.items())
    st.markdown(f"Over {counted(len(shown), 'picture')}: {totals}. Those that differ most come first.")
    return [shown[int(name)] for name in summary.pictures]


def _one_picture(shown: Shown, visit: Visit, choices: Choices, titles: tuple[str, str]) -> None:
    """Who found what in one picture: as pictures, as a table, and to take away."""
    seen, a, b, agreement = shown
    wanted, view = _choose_kinds_and_view(agreement)
    pairs = [(n, pair) for n, pair in enumerate(ordered(agreement, a, b), start=1) if pair.kind in wanted]
    sides = _side(a, [(n, pair.a) for n, pair in pairs]), _side(b, [(n, pair.b) for n, pair in pairs])
    screen = visit.screen(seen.brought)
    jpegs = [encode(detector.draw(screen, found, choices.look, numbers), ".jpg") for found, numbers in sides]
    if view == "Slider":
        compare_slider(jpegs[0], jpegs[1], titles)
    else:
        for column, heading, jpeg, (found, _) in zip(
            st.columns(2, gap="small"), titles, jpegs, sides, strict=True
        ):
            with column:
                st.markdown(f"**{escape(heading)}** · {counted(len(found), 'object')}")
                alt = f"{heading}, {describe(seen.brought.name, found.counts())}"
                st.image(jpeg, width="stretch", alt=alt)
    names = {WHO[kind] for kind in wanted}
    table = pd.DataFrame([row for row in rows(agreement, a, b) if row["who"] in names], columns=list(COLUMNS))
    _show(table)
    take_comparison(seen, sides, table, choices.look, visit)


def _choose_kinds_and_view(agreement: Agreement) -> tuple[set[Kind], str]:
    counts = agreement.counts
    kinds = st.pills(
        "Agreement at IoU 0.5, one to one. Choose to filter.",
        list(KINDS),
        selection_mode="multi",
        format_func=lambda kind: f"{HEADINGS[kind]} {counts[kind]}",
        key="kinds",
        help="Agreement between two models, not accuracy: both can be wrong.",
    )
    view = st.segmented_control("View", VIEWS, default=VIEWS[0], required=True, key="view", bind=LINKED)
    wanted = set(kinds or KINDS) - ({"both"} if view == "Differences only" else set())
    return wanted, view or VIEWS[0]


def _side(found: Detections, numbered: list[tuple[int, int | None]]) -> tuple[Detections, list[int]]:
    """What one side has of these pairs, and the number of each one's pair; the table has it too."""
    chosen = sorted((index, number) for number, index in numbered if index is not None)
    return found.at([index for index, _ in chosen]), [number for _, number in chosen]


def _show(table: pd.DataFrame) -> None:
    number = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={
            "score A": number,
            "score B": number,
            "IoU": st.column_config.NumberColumn(format="%.2f"),
        },
        placeholder="",
        alt="What A and B found, side by side",
    )
