"""The sidebar: what to run, and what to show of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from detector.engines.catalog import find_engine
from detector.offer import Offer
from detector.pictures.draw import Look
from detector.settings import PRESETS, Config, Settings

FLOOR = 0.05  # everything is detected once at this confidence and filtered after, which gives the same
SIDES = {None: "the model's own", 320: "320", 416: "416", 608: "608"}
FITS = {"stretch": "stretch", "letterbox": "letterbox"}
WITHIN = {"agnostic": "across all classes", "class": "within each class"}
ABOUT_MODELS = {
    "yolov3-tiny": "Fast and small (35 MB); misses small things.",
    "yolov3": "Slower and larger (248 MB); finds more.",
}
LINKED: Literal["query-params"] = "query-params"  # the page's address holds the choice, so a link restores it
# Which widget holds which setting; those of B have "_b" behind.
WIDGETS = {
    "model": "model",
    "engine": "engine",
    "precision": "precision",
    "side": "side",
    "fit": "fit",
    "suppression": "within",
    "nms_iou": "nms",
    "confidence": "conf",
}
PRESET_NAMES = {"tutorial": "As the tutorial", "darknet": "As darknet"}


@dataclass(frozen=True)
class Choices:
    """What a visitor has chosen. `other` is the second setting of a comparison, or None."""

    settings: Settings
    other: Settings | None
    classes: tuple[str, ...]  # none chosen means all
    look: Look


def choose(config: Config, offer: Offer) -> Choices:
    """Draw the sidebar; bad values in the address fall back to the defaults."""
    start = offer.nearest(config.settings)
    start = replace(start, confidence=min(max(start.confidence, FLOOR), 0.95))
    start_b = replace(start, model=_another(offer, start.model))
    with st.sidebar:
        compare = st.toggle("Compare two settings", key="compare", bind=LINKED, help=HELP["compare"])
        first = _network("A" if compare else "", start, offer)
        second = _network("B", start_b, offer) if compare else None
        first = replace(first, confidence=_confidence("Confidence", "conf", start))
        if second is not None:
            second = replace(second, confidence=_second_confidence(first, start))
        classes = _classes(offer, [one.model for one in (first, second) if one])
        look = _look()
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset, args=(start, start_b), key="reset")
    return Choices(first, second, classes, look)


def at_floor(settings: Settings) -> Settings:
    """What the model is run with: the same, at the lowest confidence that the page shows."""
    return replace(settings, confidence=FLOOR)


def _network(side: str, start: Settings, offer: Offer) -> Settings:
    """Model and, folded away, everything else that makes the network run again."""
    suffix, names = _suffix(side), list(offer.models)
    model = st.radio(
        f"Model {side}".strip(),
        names,
        index=names.index(start.model) if start.model in names else 0,
        captions=[ABOUT_MODELS.get(name, "Your own model.") for name in names] if not side else None,
        key=f"model{suffix}",
        bind=LINKED,
    )
    with st.expander(f"More about {side}" if side else "More"):
        _presets(suffix)
        fit = _select("Fit", FITS, start.fit, f"fit{suffix}")
        nms = st.slider(
            "Overlap", 0.05, 0.95, start.nms_iou, 0.05, key=f"nms{suffix}", help=HELP["nms"], bind=LINKED
        )
        suppression = _select("Overlap counts", WITHIN, start.suppression, f"within{suffix}")
        size = _select("Input side", SIDES, start.side, f"side{suffix}")
        engine = _select("Engine", {name: name for name in offer.engines}, start.engine, f"engine{suffix}")
        precisions = {name: name for name in find_engine(engine).precisions}
        precision = _select("Precision", precisions, start.precision, f"precision{suffix}")
    network = replace(start, model=model, engine=engine, side=size, precision=precision)
    return replace(network, fit=fit, nms_iou=nms, suppression=suppression)


def _presets(suffix: str) -> None:
    with st.container(horizontal=True, gap="small"):
        for name, title in PRESET_NAMES.items():
            st.button(title, key=f"{name}{suffix}", on_click=_set, args=(PRESETS[name], suffix))


def _select(label: str, titles: Mapping[Any, str], default: Any, key: str) -> Any:
    """One of the values, each shown under its title."""
    options = [*titles] if default in titles else [*titles, default]
    return st.selectbox(
        label,
        options,
        index=options.index(default),
        key=key,
        help=HELP[key.removesuffix("_b")],
        bind=LINKED,
        format_func=lambda option: titles.get(option, str(option)),
    )


def _confidence(label: str, key: str, start: Settings) -> float:
    return st.slider(
        label, FLOOR, 0.95, start.confidence, 0.01, key=key, help=HELP["confidence"], bind=LINKED
    )


def _second_confidence(first: Settings, start: Settings) -> float:
    if st.toggle("Same confidence for both", value=True, key="same", bind=LINKED):
        return first.confidence
    return _confidence("Confidence of B", "conf_b", start)


def _classes(offer: Offer, models: Sequence[str]) -> tuple[str, ...]:
    known = dict.fromkeys(name for model in models for name in offer.models[model])
    return tuple(
        st.multiselect(
            "Show classes",
            list(known),
            key="cls",
            placeholder="All classes",
            help=HELP["classes"],
            bind=LINKED,
        )
    )


def _look() -> Look:
    with st.expander("On the picture"):
        return Look(
            boxes=st.toggle("Boxes", value=True, key="boxes", bind=LINKED),
            numbers=st.toggle("Numbers", value=True, key="numbers", bind=LINKED, help=HELP["numbers"]),
            labels=st.toggle("Labels", value=True, key="labels", bind=LINKED),
            scores=st.toggle("Scores", value=True, key="scores", bind=LINKED),
        )


def _set(values: Mapping[str, Any], suffix: str) -> None:
    for name, value in values.items():
        st.session_state[f"{WIDGETS[name]}{suffix}"] = value


def _reset(start: Settings, start_b: Settings) -> None:
    for settings, suffix in ((start, ""), (start_b, "_b")):
        _set({name: getattr(settings, name) for name in WIDGETS}, suffix)
    switches = dict.fromkeys(("same", "boxes", "numbers", "labels", "scores"), True)
    st.session_state.update({"compare": False, "cls": [], **switches})


def _suffix(side: str) -> str:
    return "_b" if side == "B" else ""


def _another(offer: Offer, model: str) -> str:
    return next((name for name in offer.models if name != model), model)


HELP = {
    "compare": "See two models, or two settings of one, on the same picture.",
    "confidence": "Hides what scores lower. Moving it is instant: the model does not run again. A score says how"
    " sure the model is; it is not a probability of being right.",
    "classes": "Shows only these. The model does not run again.",
    "engine": "What computes the network. All give the same numbers; their speed differs.",
    "precision": "How many bits the network computes with: int8 is faster and a little less exact.",
    "side": "Larger finds smaller things and takes longer.",
    "fit": "Stretch fills the input and may squash the picture; letterbox keeps its proportions.",
    "nms": "Of two boxes that overlap by more than this share, the less sure one goes.",
    "within": "Whether a box makes way for a surer one of any class, or of its own class only.",
    "numbers": "The number of each object in the table.",
}
