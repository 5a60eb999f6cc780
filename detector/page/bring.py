"""How pictures come in: dropped, chosen, pasted, from the camera, or a sample."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

import streamlit as st

from detector.errors import DetectorError
from detector.models.samples import SAMPLES
from detector.models.store import Store
from detector.page.choose import LINKED
from detector.page.progress import bring_once, try_again
from detector.page.words import counted
from detector.settings import Config

UPLOAD_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif"]


class File(Protocol):
    """What Streamlit's widgets give for one file."""

    name: str

    def getvalue(self) -> bytes: ...


@dataclass(frozen=True)
class Brought:
    """A picture as it came: its name for people, its bytes, and their SHA-256."""

    name: str
    data: bytes
    key: str


def bring(store: Store, config: Config) -> list[Brought]:
    """Draw the ways in and give what came, or a sample; what is too much is left out, and the page says so."""
    ways = {"Upload": _upload, "Folder": _folder, "Paste": _paste, "Camera": _camera}
    way = st.segmented_control(
        "Pictures from",
        list(ways),
        default="Upload",
        required=True,
        key="way",
        label_visibility="collapsed",
    )
    files = ways[way or "Upload"](config)
    unique = {one.key: one for one in (_brought(file.name, file.getvalue()) for file in files)}
    brought = list(unique.values())
    if not brought:
        return _sample(store)
    most = config.page.max_pictures
    if len(brought) > most:
        st.warning(f"The first {most} of {counted(len(brought), 'picture')} are used.")
    if len(brought) > 1 or way == "Paste":
        st.button("Clear all", on_click=_clear, icon=":material/close:", key="clear")
    return brought[:most]


def _upload(config: Config) -> Sequence[File]:
    return st.file_uploader(
        f"Drop up to {counted(config.page.max_pictures, 'picture')}",
        UPLOAD_TYPES,
        max_upload_size=_most_megabytes(config),
        accept_multiple_files=True,
        key=_key("upload"),
    )


def _folder(config: Config) -> Sequence[File]:
    return st.file_uploader(
        "Choose a folder",
        UPLOAD_TYPES,
        max_upload_size=_most_megabytes(config),
        accept_multiple_files="directory",
        key=_key("folder"),
    )


def _paste(config: Config) -> Sequence[File]:
    given = st.chat_input(
        "Click here and paste a picture, then press Enter",
        accept_file="multiple",
        file_type=UPLOAD_TYPES,
        max_upload_size=_most_megabytes(config),
        key=_key("paste"),
    )
    kept: list[File] = st.session_state.setdefault("pasted", [])
    if given is not None:  # is there for one run only
        st.session_state["pasted"] = kept = [*kept, *given.files]
    return kept


def _camera(_: Config) -> Sequence[File]:
    photo = st.camera_input("Take a picture", key=_key("camera"))
    return [photo] if photo is not None else []


def _most_megabytes(config: Config) -> int:
    """What the browser takes; the server refuses files over its own limit, and pictures over theirs are not read."""
    return max(1, min(config.limits.max_picture_bytes >> 20, int(st.get_option("server.maxUploadSize"))))


def _key(widget: str) -> str:
    """A widget forgets its files only when its key changes."""
    return f"{widget}{st.session_state.get('cleared', 0)}"


def _clear() -> None:
    st.session_state["cleared"] = st.session_state.get("cleared", 0) + 1
    st.session_state["pasted"] = []


def _brought(name: str, data: bytes) -> Brought:
    return Brought(
        PurePath(name.replace("\\", "/")).name or "picture", data, hashlib.sha256(data).hexdigest()
    )


def _sample(store: Store) -> list[Brought]:
    names = [PurePath(sample.name).stem.replace("-", ", ") for sample in SAMPLES]
    title = st.pills(
        "Nothing of yours yet: here is a sample",
        names,
        default=names[0],
        required=True,
        key="sample",
        bind=LINKED,
    )
    sample = SAMPLES[names.index(title or names[0])]
    try:
        text = f"Bringing {sample.name}"
        path = bring_once(sample.name, text, lambda progress: store.fetch(sample, progress))
        return [_brought(sample.name, path.read_bytes())]
    except (DetectorError, OSError):
        st.info(f"The sample “{title}” cannot be fetched now. Try another one, or drop a picture of yours.")
        try_again(sample.name)
        return []
