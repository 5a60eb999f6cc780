"""Waiting, shown: a bar in megabytes while something is fetched, and the place in the queue when many are here."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager, suppress
from typing import TypeVar

import streamlit as st

from detector.errors import BusyError
from detector.gate import Gate
from detector.models.assets import Progress
from detector.page.words import counted

T = TypeVar("T")
_LOOK_AGAIN_S = 0.3


def with_progress(text: str, work: Callable[[Progress], T]) -> T:
    """Do the work, which may report bytes so far and in all."""
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
