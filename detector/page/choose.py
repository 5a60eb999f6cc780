"""The sidebar: what to run, and what to show of it."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from detector.engines.catalog import ENGINES
from detector.models.registry import COCO_NAMES, Registry, read_names
from detector.pictures.draw import Look
from detector.settings import Config, Settings

FLOOR = 0.05  # everything is detected once at this confidence and filtered after, which gives the same
SIDES = (None, 320, 416, 608)
ABOUT_MODELS = {
    "yolov3-tiny": "Fast and small (35 MB); misses small things.",
    "yolov3": "Slower and larger (248 MB); finds more.",
}
Bind = Literal["query-params"]
LINKED: Bind = "query-params"  # the choice is part of the page's address, so that a link restores it


@dataclass(frozen=True)
class Choices:
    """What a visitor has chosen. `other` is the second setting of a comparison, or None."""

    settings: Settings
    other: Settings | None
    classes: tuple[str, ...]  # none chosen means all
    look: Look


def choose(config: Config, registry: Registry) -> Choices:
    """Draw the sidebar; bad values in the address fall back to the defaults."""
    with st.sidebar:
        compare = st.toggle("Compare two settings", key="compare", bind=LINKED, help=HELP["compare"])
        first = _network("A" if compare else "", config.settings, config.settings.model, registry)
        other = _network("B", config.settings, _another(registry, first.model), registry) if compare else None
        confidence = _confidence("Confidence", "conf", config.settings.confidence)
        second_confidence = confidence
        if compare and not st.toggle("Same confidence for both", value=True, key="same", bind=LINKED):
            second_confidence = _confidence("Confidence of B", "conf_b", confidence)
        classes = st.multiselect(
            "Show classes",
            read_names(COCO_NAMES) if first.model in ABOUT_MODELS else [],
            key="cls",
            placeholder="All classes",
            help=HELP["classes"],
            bind=LINKED,
        )
        with st.expander("On the picture"):
            look = Look(
                boxes=st.toggle("Boxes", value=True, key="boxes", bind=LINKED),
                labels=st.toggle("Labels", value=True, key="labels", bind=LINKED),
                scores=st.toggle("Scores", value=True, key="scores", bind=LINKED),
            )
    settings = replace(first, confidence=confidence)
    return Choices(
        settings, replace(other, confidence=second_confidence) if other else None, tuple(classes), look
    )


def _network(side: str, defaults: Settings, model: str, registry: Registry) -> Settings:
    """Model and, folded away, everything else that makes the network run again."""
    suffix = f"_{side.lower()}" if side == "B" else ""
    names = registry.names
    chosen = st.radio(
        f"Model {side}".strip(),
        names,
        index=names.index(model) if model in names else 0,
        captions=[ABOUT_MODELS.get(name, "Your own model.") for name in names] if not side else None,
        key=f"model{suffix}",
        bind=LINKED,
    )
    with st.expander(f"More about {side}" if side else "More"):
        engine = _select("Engine", _engines(), defaults.engine, f"engine{suffix}", HELP["engine"])
        size = _select("Input side", SIDES, defaults.side, f"side{suffix}", HELP["side"])
        fit = _select("Fit", ("stretch", "letterbox"), defaults.fit, f"fit{suffix}", HELP["fit"])
        nms = st.slider(
            "Overlap",
            0.05,
            0.95,
            defaults.nms_iou,
            0.05,
            key=f"nms{suffix}",
            help=HELP["nms"],
            bind=LINKED,
        )
    return replace(defaults, model=chosen, engine=engine, side=size, fit=fit, nms_iou=nms)


def _select(label: str, options: tuple[Any, ...], default: Any, key: str, text: str) -> Any:
    options = options if default in options else (*options, default)
    return st.selectbox(
        label,
        options,
        index=options.index(default),
        key=key,
        help=text,
        bind=LINKED,
        format_func=lambda option: "the model's own" if option is None else str(option),
    )


def _confidence(label: str, key: str, default: float) -> float:
    value = min(max(default, FLOOR), 0.95)
    return st.slider(label, FLOOR, 0.95, value, 0.01, key=key, help=HELP["confidence"], bind=LINKED)


@st.cache_data(show_spinner=False)  # looking through what is installed takes a while
def _engines() -> tuple[str, ...]:
    return tuple(entry.name for entry in ENGINES if entry.problem() is None)


def _another(registry: Registry, model: str) -> str:
    return next((name for name in registry.names if name != model), model)


HELP = {
    "compare": "See two models, or two settings of one, on the same picture.",
    "confidence": "Hides what scores lower. Moving it is instant: the model does not run again. A score says how"
    " sure the model is; it is not a probability of being right.",
    "classes": "Shows only these. The model does not run again.",
    "engine": "What computes the network. All give the same numbers; their speed differs.",
    "side": "Larger finds smaller things and takes longer.",
    "fit": "Stretch fills the input and may squash the picture; letterbox keeps its proportions.",
    "nms": "Of two boxes that overlap by more than this share, the less sure one goes.",
}
