"""Waiting, shown: a bar in megabytes while something is fetched, and a spinner otherwise."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from detector.models.assets import Progress

T = TypeVar("T")


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
