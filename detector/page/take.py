"""Taking the result away: made when it is asked for, in full size."""

from functools import partial
from pathlib import PurePath

import streamlit as st

import detector
from detector.page.visit import Seen
from detector.pictures.draw import Look
from detector.settings import Limits
from detector.values import Detections


def take(seen: Seen, shown: Detections, look: Look, limits: Limits) -> None:
    """The annotated picture as JPEG or PNG; a download does not run the page again."""
    stem = PurePath(seen.brought.name).stem

    def annotated(suffix: str) -> bytes:
        full_size = detector.read_picture(seen.brought.data, limits)
        return detector.encode(detector.draw(full_size, shown, look), suffix)

    with st.container(horizontal=True):
        for label, suffix, mime in (
            ("Download annotated picture", ".jpg", "image/jpeg"),
            ("as PNG", ".png", "image/png"),
        ):
            st.download_button(
                label,
                partial(annotated, suffix),
                file_name=f"{stem}-detected{suffix}",
                mime=mime,
                on_click="ignore",
                icon=":material/download:",
                key=f"take{suffix}",
            )
