"""The page: drop pictures, see what YOLOv3 finds, compare, take it away. Read top to bottom as a visitor sees it."""

import streamlit as st

from detector.errors import BusyError, DetectorError, DownloadError, ServerError
from detector.hosted import hosted_config
from detector.offer import Detector, Runner
from detector.page.about import about, banner, privacy
from detector.page.bring import Brought, bring
from detector.page.choose import Choices, at_floor, choose
from detector.page.code import code
from detector.page.compare import compare_view
from detector.page.move import move, place, still_waiting
from detector.page.progress import bring_once, try_again
from detector.page.share import share
from detector.page.take import take
from detector.page.understand import cells, understand
from detector.page.visit import Seen, Visit
from detector.page.words import counted, escape
from detector.service import service
from detector.settings import Settings

# A picture and not the name of an icon, which a browser would fetch from another server.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#0a6868" stroke-width="2.5">
<path d="M3 8V3h5M16 3h5v5M21 16v5h-5M8 21H3v-5"/><circle cx="12" cy="12" r="4"/></svg>"""

# Streamlit keeps 6 rem over the first line and has no setting for it; the picture should be in sight at once. On a
# phone its bar with the sidebar's handle lies over the first 3.75 of them.
# Chosen classes are white on the accent colour, which in the dark has a contrast of 2.4 only.
LESS_EMPTY_TOP = """<style>
[data-testid=stMainBlockContainer] {padding-top: 4rem}
@media (min-width: 48rem) {[data-testid=stMainBlockContainer] {padding-top: 3rem}}
[data-testid=stMultiSelectTagsContainer] [data-tag] {
  color: inherit; background: color-mix(in srgb, currentColor 14%, transparent)
}
</style>"""


def main() -> None:
    """Settings in the sidebar; pictures come in, are detected in, and are shown."""
    st.set_page_config("Object detection", ICON, layout="wide")
    st.html(LESS_EMPTY_TOP)
    try:
        shared = service(hosted_config())
        offer = shared.detector.offer()
    except (BusyError, ServerError) as error:
        st.header("Object detection")
        later(error)
        return
    except DetectorError as error:
        st.error(f"This server is not set up right: {escape(str(error))}")
        return
    choices = choose(shared.config, offer)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header("Object detection", width="content")
        share()
    st.caption(
        f"Drop a picture and see at once which of 80 kinds of everyday things YOLOv3 finds. {privacy(shared.config)}"
    )
    banner(shared.config)
    visit = Visit.current(shared)
    brought, waiting = admitted(bring(shared.pool.store, shared.config), visit), 0
    if brought:
        try:
            waiting = results(brought, choices, visit)
        except (BusyError, ServerError) as error:
            later(error)
        except DetectorError as error:  # such as an engine that refuses a setting
            st.error(escape(str(error)))
    about(shared.config, offer)
    if waiting and not visit.stopped:
        st.rerun()


def later(error: DetectorError) -> None:
    """What cannot be had just now, and a way to ask again."""
    text = str(error)
    st.warning(escape(f"{text[:1].upper()}{text[1:]}"))
    st.button("Try again", key="again")


def admitted(brought: list[Brought], visit: Visit) -> list[Brought]:
    """Those of the pictures that this visit may still have looked at; the page says so where others are left out."""
    kept = visit.admit(brought)
    if left_out := len(brought) - len(kept):
        most = visit.service.config.page.max_pictures_per_visit
        st.warning(f"A visit here may bring {counted(most, 'picture')}: {left_out} of these came after that.")
    return kept


def results(brought: list[Brought], choices: Choices, visit: Visit) -> int:
    """Look at the pictures with each setting and show what came out; gives how many wait still."""
    chosen, runners = [], []
    for settings in filter(None, (choices.settings, choices.other)):
        if visit.waits(brought, settings):
            runner = started(visit.service.detector, at_floor(settings))
            if runner is None:
                break
            runners.append(runner)
        chosen.append(settings)
    if not chosen:
        return 0
    at = place(len(brought))
    waiting = visit.look([*brought[at:], *brought[:at]], runners)
    still_waiting(waiting, len(brought), visit)
    seen = [[visit.seen(one, settings) for one in brought] for settings in chosen]
    if len(seen) == 2:
        compare_view((seen[0], seen[1]), choices, visit)
    else:
        one_setting(seen[0], choices, visit)
    return waiting


def one_setting(seen: list[Seen], choices: Choices, visit: Visit) -> None:
    """The list of pictures, what is in the current one, and the ways to take it away."""
    move(seen, [cells(one, choices) for one in seen], visit)
    current = seen[place(len(seen))]
    if current.found is None:
        st.error(f"**{escape(current.brought.name)}**: {escape(current.error)}")
        return
    shown = understand(current, visit.screen(current.brought), choices)
    with st.container(horizontal=True):
        take(seen, current, shown, choices, visit)
        code(visit.service.config.http.api_url, choices, current.brought.name)


def started(detector: Detector, settings: Settings) -> Runner | None:
    """Ready to look, with progress while what it needs is fetched and loaded; a sentence where it cannot be had."""
    try:
        text = f"Starting {settings.model}"
        return bring_once(settings.model, text, lambda progress: detector.open(settings, progress))
    except DownloadError:
        st.error(
            f"**{escape(settings.model)}** is not on this server and could not be fetched. Choose another model;"
            f" whoever runs the server finds out why with `detector pull {settings.model}`."
        )
        try_again(settings.model)
    except DetectorError as error:
        st.error(f"**{escape(settings.model)}** cannot be used so: {escape(str(error))}")
    return None


main()
