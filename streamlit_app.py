"""The page: drop pictures, see what YOLOv3 finds, compare, take it away. Read top to bottom as a visitor sees it."""

import os

import streamlit as st

from detector.engines.base import Engine
from detector.errors import DetectorError, DownloadError
from detector.page.about import PRIVACY, about
from detector.page.bring import Brought, bring
from detector.page.choose import Choices, choose
from detector.page.compare import compare_view
from detector.page.move import move
from detector.page.progress import with_progress
from detector.page.share import share
from detector.page.take import take
from detector.page.understand import cells, understand
from detector.page.visit import Visit
from detector.page.words import escape
from detector.pool import EnginePool
from detector.service import service
from detector.settings import Config, Settings

# Streamlit keeps 6 rem over the first line and has no setting for it; the picture should be in sight at once.
LESS_EMPTY_TOP = "<style>[data-testid=stMainBlockContainer] {padding-top: 3rem}</style>"


def main() -> None:
    """Settings in the sidebar; pictures come in, are detected in, and are shown."""
    st.set_page_config("Object detection", ":material/center_focus_strong:", layout="wide")
    st.html(LESS_EMPTY_TOP)
    try:
        config = Config.from_env(os.environ)
        pool = service(config).pool
    except DetectorError as error:
        st.error(f"This server is not set up right: {escape(str(error))}")
        return
    choices = choose(config, pool.registry)
    title, sharing = st.columns([5, 1], vertical_alignment="bottom")
    title.header("Object detection")
    with sharing:
        share()
    st.caption(f"Drop a picture and see at once which of 80 kinds of everyday things YOLOv3 finds. {PRIVACY}")
    brought = bring(pool.store)
    if brought:
        try:
            results(brought, choices, pool, config)
        except DetectorError as error:  # such as an engine that refuses a setting
            st.error(escape(str(error)))
    about(pool.registry)


def results(brought: list[Brought], choices: Choices, pool: EnginePool, config: Config) -> None:
    """Detect with each setting, one after the other, and show what came out."""
    visit, limits = Visit.current(), config.limits
    engine = started(pool, choices.settings)
    if engine is None:
        return
    seen = visit.see_all(brought, engine, choices.settings, limits)
    second = started(pool, choices.other) if choices.other is not None else None
    if choices.other is not None and second is not None:
        others = visit.see_all(brought, second, choices.other, limits)
        compare_view((seen, others), (engine, second), choices, visit, limits)
        return
    current = seen[move(seen, [cells(one, choices) for one in seen], visit, limits)]
    if current.found is None:
        st.error(f"**{escape(current.brought.name)}**: {escape(current.error)}")
        return
    shown = understand(current, visit.screen(current.brought, limits), choices)
    take(seen, current, shown, choices, limits)


def started(pool: EnginePool, settings: Settings) -> Engine | None:
    """The engine, with progress while it is fetched and loaded; a sentence where it cannot be had."""
    try:
        return with_progress(f"Starting {settings.model}", lambda progress: pool.get(settings, progress))
    except DownloadError:
        st.error(
            f"**{escape(settings.model)}** is not on this server and could not be fetched. Choose another model;"
            f" whoever runs the server finds out why with `detector pull {settings.model}`."
        )
    except DetectorError as error:
        st.error(f"**{escape(settings.model)}** cannot be used so: {escape(str(error))}")
    return None


main()
