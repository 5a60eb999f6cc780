"""One setting's results: the facts, the picture with its boxes, the table, and why nothing shows."""

import pandas as pd
import streamlit as st

import detector
from detector.page.choose import FLOOR, LINKED, Choices, at_floor
from detector.page.visit import Seen
from detector.page.words import counted, describe, escape, listed
from detector.pictures.draw import Look, draw_lit
from detector.pictures.encode import encode
from detector.results.table import COLUMNS, table
from detector.settings import Settings
from detector.values import Detections, Picture

CROP_WIDTH = 240


def filtered(found: Detections, settings: Settings, classes: tuple[str, ...]) -> Detections:
    """What the confidence and the chosen classes leave."""
    shown = found.above(settings.confidence)
    return shown.of_classes(classes) if classes else shown


def understand(seen: Seen, screen: Picture, choices: Choices) -> Detections:
    """Facts over the picture and the table beside each other; a chosen row lights its box. Gives what is shown."""
    assert seen.result is not None
    found, settings = seen.result.detections, choices.settings
    shown = filtered(found, settings, choices.classes)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        facts(seen, settings, shown)
        large = st.toggle("Large picture", key="large", bind=LINKED)
    for note in seen.result.notes:
        st.caption(f"{note[0].upper()}{note[1:]}.")
    explain_silence(found, shown, settings, choices.classes)
    shown = by_class(shown)
    left, right = (st.container(), st.container()) if large else st.columns([5, 4], gap="small")
    with right:
        row = results_table(shown, f"results {_what_is_listed(seen, choices)}")
        if row is not None:
            crop(screen, shown, row)
        with st.expander("Confidence of all that was found"):
            histogram(found, settings.confidence)
    with left:
        picture(seen.brought.name, screen, shown, choices.look, row)
    return shown


def cells(seen: Seen, choices: Choices) -> dict[str, int | str | None]:
    """What the list of pictures says of this one."""
    if seen.found is None:
        return {"objects": None, "found": seen.error or "…"}
    shown = filtered(seen.found, choices.settings, choices.classes)
    return {"objects": len(shown), "found": listed(shown.counts())}


def facts(seen: Seen, settings: Settings, shown: Detections) -> None:
    """Objects, classes and milliseconds at a glance."""
    assert seen.result is not None
    result, found = seen.result, seen.result.detections
    said = [
        f"**{counted(len(shown), 'object')}**",
        counted(len(shown.counts()), "class", "classes"),
        f"{result.detect_ms:.0f} ms with {escape(settings.model)}",
    ]
    if hidden := len(found) - len(found.above(settings.confidence)):
        said.append(f"{hidden} hidden below {settings.confidence:.2f}")
    stages = " · ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.time_ms.items())
    st.markdown(" · ".join(said), width="content", help=f"Where the time went: {stages}")


def explain_silence(
    found: Detections, shown: Detections, settings: Settings, classes: tuple[str, ...]
) -> None:
    """Why nothing shows, and what to do about it."""
    if len(shown):
        return
    if not len(found):
        st.info(f"The model found none of its {len(found.names)} classes in this picture.")
        return
    above = found.above(settings.confidence)
    wanted = found.of_classes(classes) if classes else found
    chosen = escape(", ".join(classes))
    if len(wanted):
        _weaker_guesses(wanted, settings.confidence, f"Nothing in {chosen}" if classes else "Nothing")
    if len(above) or not len(wanted):
        what = f"{counted(len(above), 'object')} found ({escape(listed(above.counts()))}), none"
        st.info(f"{what if len(above) else 'No guess at all'} in {chosen}.")
        st.button("Show all classes", on_click=_set, args=("cls", []), key="all_classes")


def _weaker_guesses(found: Detections, confidence: float, nothing: str) -> None:
    """The best of what is hidden under the confidence, and a click that shows it."""
    st.info(
        f"{nothing} scores over {confidence:.2f}. {counted(len(found), 'weaker guess', 'weaker guesses')}"
        f" hidden; the best is **{escape(found.labels[0])}, {found.scores[0]:.2f}**."
    )
    lower = max(FLOOR, int(found.scores[0] * 100 - 1) / 100)
    st.button(f"Show from {lower:.2f}", on_click=_set, args=("conf", lower), key="lower")


def _set(key: str, value: object) -> None:
    st.session_state[key] = value


def by_class(shown: Detections) -> Detections:
    """Counts by class; a click shows that class alone."""
    counts = shown.counts()
    if len(counts) < 2:
        return shown
    chosen = st.pills(
        "Classes found",
        list(counts),
        selection_mode="multi",
        format_func=lambda label: f"{label} {counts.get(label, 0)}",
        key="found_classes",
        label_visibility="collapsed",
    )
    return shown.of_classes(chosen) if chosen else shown


def picture(name: str, screen: Picture, shown: Detections, look: Look, row: int | None = None) -> None:
    """The picture with its boxes; a chosen one in the light, everything else dimmed."""
    drawn = detector.draw(screen, shown, look) if row is None else draw_lit(screen, shown, row, look)
    st.image(encode(drawn, ".jpg"), width="stretch", alt=describe(name, shown.counts()))


def _what_is_listed(seen: Seen, choices: Choices) -> int:
    """Another number when row 1 may be another object; not when only the confidence changes, which cuts at the end."""
    chosen = tuple(st.session_state.get("found_classes") or ())
    return hash((seen.brought.key, at_floor(choices.settings), choices.classes, chosen))


def results_table(shown: Detections, key: str) -> int | None:
    """Everything that the picture shows, in figures; the row chosen, or None. Another key forgets the row."""
    event = st.dataframe(
        pd.DataFrame(table(shown), columns=list(COLUMNS)),
        hide_index=True,
        width="stretch",
        column_config={
            "#": st.column_config.NumberColumn(width=30),
            "label": st.column_config.TextColumn(width=80),
            "confidence": st.column_config.NumberColumn(format="%.4f", width=75),
            "box": st.column_config.TextColumn(help="x1, y1, x2, y2", width=115),
        },
        alt="Objects found: class, confidence and box in pixels",
        on_select="rerun",
        selection_mode="single-row",
        key=key,
    )
    if len(shown):
        st.caption(
            "Choose a row to light its object. A box is x1, y1, x2, y2 in pixels from the top left corner."
        )
    rows = [row for row in event["selection"]["rows"] if row < len(shown)]
    return rows[0] if rows else None


def crop(screen: Picture, shown: Detections, row: int) -> None:
    """The chosen object, cut out."""
    x1, y1, x2, y2 = (round(v) for v in shown.at([row]).resized(screen.size_wh).clipped().boxes[0].tolist())
    if x2 > x1 and y2 > y1:
        st.image(
            encode(Picture(screen.pixels[y1:y2, x1:x2]), ".jpg"),
            width=min(CROP_WIDTH, x2 - x1),
            alt=f"{shown.labels[row]}, cut out of the picture",
        )


def histogram(found: Detections, confidence: float) -> None:
    """The confidences of all that was found, with the threshold drawn on it."""
    st.vega_lite_chart(  # as a plain dict: checking it with altair would cost half of the page's time
        {
            "height": 160,
            "layer": [
                {
                    "data": {"values": [{"confidence": score} for score in found.scores.tolist()]},
                    "mark": "bar",
                    "encoding": {
                        "x": {
                            "field": "confidence",
                            "type": "quantitative",
                            "title": "confidence",
                            "bin": {"extent": [0, 1], "step": 0.05},
                            "scale": {"domain": [0, 1]},
                        },
                        "y": {
                            "aggregate": "count",
                            "title": "objects",
                            "axis": {"tickMinStep": 1},
                        },
                    },
                },
                {
                    "data": {"values": [{"threshold": confidence}]},
                    "mark": {"type": "rule", "strokeWidth": 2, "strokeDash": [4, 3], "color": "#888"},
                    "encoding": {"x": {"field": "threshold", "type": "quantitative"}},
                },
            ],
        },
        alt=f"{counted(len(found), 'object')} by confidence; those over {confidence:.2f} are shown",
    )
