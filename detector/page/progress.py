"""Waiting, shown: a bar in megabytes while something is fetched, and the place in the queue when many are here."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager, suppress
from typing import TypeVar

import streamlit as st

from detector.errors import BusyError, DownloadError
from detector.gate import Gate
from detector.models.assets import Progress
from detector.page.words import counted

T = TypeVar("T")
_LOOK_AGAIN_S = 0.3


def bring_once(name: str, text: str, work: Callable[[Progress], T]) -> T:
    """Do the work, which may report bytes so far and in all.

    Raises DownloadError; then again at once, without another try, until the visitor asks for one: a page that runs
    anew at every click must not wait for a dead server each time.
    """
    failures: dict[str, DownloadError] = st.session_state.setdefault("failures", {})
    if name in failures:
        raise failures[name]
    try:
        return _with_progress(text, work)
    except DownloadError as error:
        failures[name] = error
        raise


def try_again(name: str) -> None:
    """A button for what `bring_once` could not bring."""
    st.button("Try again", key=f"again {name}", on_click=_forget_failure, args=(name,))


def _forget_failure(name: str) -> None:
    st.session_state["failures"].pop(name, None)


def _with_progress(text: str, work: Callable[[Progress], T]) -> T:
    bar = st.empty()

    def progress(done: int, total: int) -> None:
        bar.progress(min(1.0, done / total), f"Fetching it, once: {done / 1e6:.0f} of {total / 1e6:.0f} MB")

    try:
        with st.spinner(text):
            return work(progress)
    finally:
        bar.empty()


@contextmanager
def turn(gate: Gate, max_wait_s: float) -> Iterator[None]:
    """Wait for one's turn, told meanwhile how many are ahead. Raises BusyError where it does not come."""
    ticket, note, end = gate.join(), st.empty(), time.monotonic() + max_wait_s
    try:
        while not ticket.turn.done():
            note.info(f"This server is busy: {counted(gate.ahead(ticket), 'picture')} before yours.")
            if time.monotonic() > end:
                raise BusyError("this server is busy; try again in some seconds")
            with suppress(NotYet):
                ticket.turn.result(_LOOK_AGAIN_S)
        note.empty()
        yield
    finally:  # also where the visitor has gone, or has moved a slider meanwhile
        gate.leave(ticket)
