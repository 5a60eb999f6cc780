"""The page: drop a picture, see what YOLOv3 finds. Read top to bottom as a visitor sees it."""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath
from typing import TypeVar

import pandas as pd
import streamlit as st

import detector
from detector.engines.base import Engine
from detector.errors import DetectorError, ImageError
from detector.models.assets import Progress
from detector.models.registry import Registry
from detector.models.samples import SAMPLES
from detector.models.store import Store
from detector.pictures.encode import encode, shrink
from detector.pool import EnginePool
from detector.results.table import COLUMNS, table
from detector.settings import Config, Settings
from detector.values import Detections, Picture

T = TypeVar("T")

FLOOR = 0.05  # detected once at this confidence; the slider only filters, which gives the same
SCREEN_WIDTH = 1460  # the widest picture that Streamlit passes on as it is
UPLOAD_TYPES = ["jpg", "jpeg", "png", "webp", "bmp"]
# Streamlit keeps 6 rem over the first line and has no setting for it; the picture should be in sight at once.
LESS_EMPTY_TOP = "<style>[data-testid=stMainBlockContainer] {padding-top: 3rem}</style>"
ABOUT_MODELS = {
    "yolov3-tiny": "Fast and small (35 MB); misses small things.",
    "yolov3": "Slower and larger (248 MB); finds more.",
}


def main() -> None:
    """Settings in the sidebar, the picture and what was found beside each other."""
    st.set_page_config("Object detection", ":material/center_focus_strong:", layout="wide")
    try:
        config = Config.from_env(os.environ)
        pool = shared_pool(config)
    except DetectorError as error:
        st.error(f"This server is not set up right: {escape(str(error))}")
        return
    settings = sidebar(config, pool.registry)
    st.html(LESS_EMPTY_TOP)
    st.header("Object detection")
    st.caption(
        "Drop a picture and see at once which of 80 kinds of everyday things YOLOv3 finds in it."
        " Pictures stay in memory for your visit and are not stored."
    )
    chosen = picture_input(pool.store)
    if chosen is None:
        return
    name, data = chosen
    try:
        picture = screen_picture(digest(data), data, config)
    except ImageError as error:
        st.error(f"**{escape(name)}**: {escape(str(error))}")
        return
    try:
        engine = with_progress(f"Starting {settings.model}", lambda progress: pool.get(settings, progress))
        low = replace(settings, confidence=FLOOR)
        found, milliseconds = detect_once(digest(data), low, data, config, engine)
    except DetectorError as error:
        st.error(f"{settings.model} cannot be used now. {escape(str(error))}")
        return
    summary(found, settings, milliseconds)
    left, right = st.columns([4, 3], gap="medium")
    with left:
        annotated_picture(name, data, picture, found.above(settings.confidence), config)
    with right:
        results_table(found.above(settings.confidence))


@st.cache_resource(show_spinner=False)
def shared_pool(_config: Config) -> EnginePool:
    """The loaded engines, one pool for all visitors."""
    return EnginePool(Store.open(_config.home), Registry().with_folders(*_config.model_folders))


def sidebar(config: Config, registry: Registry) -> Settings:
    """Model and confidence."""
    defaults = config.settings
    with st.sidebar:
        st.header("Settings")
        model = st.radio(
            "Model",
            registry.names,
            index=registry.names.index(defaults.model) if defaults.model in registry.names else 0,
            captions=[ABOUT_MODELS.get(name, "Your own model.") for name in registry.names],
            key="model",
        )
        confidence = st.slider(
            "Confidence",
            FLOOR,
            0.95,
            min(max(defaults.confidence, FLOOR), 0.95),
            0.01,
            help="How sure the model is. It is not a probability of being right.",
            key="confidence",
        )
        st.caption(
            f"Shows what scores over {confidence:.2f}. Moving it is instant: the model does not run again."
        )
    return replace(defaults, model=model, confidence=confidence)


def picture_input(store: Store) -> tuple[str, bytes] | None:
    """An uploaded picture or a sample: its name and bytes."""
    uploaded = st.file_uploader("Your picture", type=UPLOAD_TYPES, key="upload")
    if uploaded is not None:
        return uploaded.name, uploaded.getvalue()
    names = [PurePath(sample.name).stem.replace("-", ", ") for sample in SAMPLES]
    title = st.pills("Or try a sample", names, default=names[0], required=True, key="sample")
    sample = SAMPLES[names.index(title)]
    try:
        return sample.name, with_progress(
            f"Bringing {sample.name}", lambda progress: store.fetch(sample, progress)
        ).read_bytes()
    except DetectorError:
        st.info(f"The sample “{title}” cannot be fetched now. Try another one, or drop a picture of yours.")
        return None


@st.cache_data(show_spinner=False, max_entries=32, scope="session")
def screen_picture(key: str, _data: bytes, _config: Config) -> Picture:
    """The picture no wider than a screen; the full size is made again when it is downloaded."""
    return shrink(detector.read_picture(_data, _config.limits), SCREEN_WIDTH)


@st.cache_data(show_spinner=False, max_entries=64, scope="session", hash_funcs={Settings: repr})
def detect_once(
    key: str, settings: Settings, _data: bytes, _config: Config, _engine: Engine
) -> tuple[Detections, float]:
    """All that is over the floor, and the milliseconds it took. No slider runs this again."""
    result = detector.detect(detector.read_picture(_data, _config.limits), _engine, settings)
    return result.detections, result.detect_ms


def summary(found: Detections, settings: Settings, milliseconds: float) -> None:
    """What was found, in one line; and why, where that is nothing."""
    shown = found.above(settings.confidence)
    hidden = len(found) - len(shown)
    if not len(found):
        st.info(
            f"The model found none of its {len(found.names)} classes in this picture. Try another model or picture."
        )
    elif not len(shown):
        best = f"{found.labels[0]}, {found.scores[0]:.2f}"
        st.info(
            f"Nothing scores over {settings.confidence:.2f}. {hidden} weaker guesses are hidden; the best is"
            f" **{best}**. Move Confidence to the left to see it."
        )
    facts = (
        f"**{counted(len(shown), 'object')}**",
        counted(len(shown.counts()), "class", "classes"),
        f"{milliseconds:.0f} ms with {settings.model}",
        f"{hidden} hidden below {settings.confidence:.2f}",
    )
    st.markdown(" · ".join(facts))
    badges = " ".join(f":gray-badge[{escape(label)} {count}]" for label, count in shown.counts().items())
    if badges:
        st.markdown(badges)


def annotated_picture(name: str, data: bytes, picture: Picture, shown: Detections, config: Config) -> None:
    """The picture with its boxes, and the same in full size to take away."""
    st.image(encode(detector.draw(picture, shown), ".jpg"), width="stretch", alt=describe(name, shown))
    st.download_button(
        "Download annotated picture",
        lambda: encode(detector.draw(detector.read_picture(data, config.limits), shown), ".jpg"),
        file_name=f"{PurePath(name).stem}-detected.jpg",
        mime="image/jpeg",
        on_click="ignore",
        icon=":material/download:",
    )


def results_table(shown: Detections) -> None:
    """Everything that the picture shows, in figures."""
    st.dataframe(
        pd.DataFrame(table(shown), columns=list(COLUMNS)),
        hide_index=True,
        width="stretch",
        column_config={
            "#": st.column_config.NumberColumn(width=30),
            "label": st.column_config.TextColumn(width=90),
            "confidence": st.column_config.NumberColumn(format="%.4f", width=80),
            "box": st.column_config.TextColumn(help="x1, y1, x2, y2", width=120),
        },
        alt="Objects found: class, confidence and box in pixels",
    )
    st.caption("A box is x1, y1, x2, y2 in pixels of the picture, from its top left corner.")


def describe(name: str, shown: Detections) -> str:
    """The picture in words, for those who do not see it."""
    return f"{name}: " + (
        ", ".join(f"{count} {label}" for label, count in shown.counts().items()) or "nothing found"
    )


def with_progress(text: str, work: Callable[[Progress], T]) -> T:
    """Do the work, with a bar in megabytes while something is fetched, and a spinner otherwise."""
    bar = st.empty()

    def progress(done: int, total: int) -> None:
        bar.progress(min(1.0, done / total), f"Fetching it, once: {done / 1e6:.0f} of {total / 1e6:.0f} MB")

    try:
        with st.spinner(text):
            return work(progress)
    finally:
        bar.empty()


def counted(number: int, one: str, more: str | None = None) -> str:
    """The number with its noun."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def digest(data: bytes) -> str:
    """What a picture is known by in the caches."""
    return hashlib.sha256(data).hexdigest()


def escape(text: str) -> str:
    """Text from outside, with nothing left that Markdown would act on."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>~$:-])", r"\\\1", text)


main()
