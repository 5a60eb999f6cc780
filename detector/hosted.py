"""How a process that shows the page is set up: by its environment, Streamlit's secrets, and the machine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from detector.errors import SettingsError
from detector.given import separated
from detector.machine import Machine
from detector.settings import Config

PREFIX = "DETECTOR_"
STARTED_WITH = Path("/proc/self/environ")  # where there is such a file


def hosted_config(page: Path | None = None) -> Config:
    """The settings of the page, and of the API beside it. Raises SettingsError.

    page: the script, where Streamlit does not run it yet. What Streamlit is told beside it then holds too, secrets
    among it, in whatever folder this was started.
    """
    if page:
        st.App(page)  # makes its folder known, before Streamlit reads its settings once and for all
    secrets = _secrets()
    return Config.from_env(
        environment(os.environ, secrets, _started_with() if secrets else {}), Machine.here()
    )


def environment(
    env: Mapping[str, str], secrets: Mapping[str, Any], started_with: Mapping[str, str]
) -> dict[str, str]:
    """Variables, and under them secrets of the same names.

    Streamlit writes secrets over the variables, so for these the ones count that the process was started with.
    """
    told = {
        name: separated(name.removeprefix(PREFIX).lower(), value)
        for name, value in secrets.items()
        if name.startswith(PREFIX)
    }
    first = {name: started_with[name] for name in told if name in started_with}
    return told | {name: text for own in (env, first) for name, text in own.items() if text.strip()}


def _secrets() -> Mapping[str, Any]:
    """What `.streamlit/secrets.toml` says, or nothing where there is none."""
    try:
        return st.secrets.to_dict()
    except StreamlitSecretNotFoundError as error:
        if getattr(error, "error_id", None) == "no-secrets-found":
            return {}
        raise SettingsError(f"Streamlit's secrets cannot be read: {error}") from error


def _started_with() -> dict[str, str]:
    try:
        entries = STARTED_WITH.read_bytes().split(b"\0")
    except OSError:
        return {}
    pairs = (os.fsdecode(entry).partition("=") for entry in entries)
    return {name: text for name, _, text in pairs}
