"""A link that restores what is chosen: settings, comparison and sample, never a picture."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

import streamlit as st


def share() -> None:
    """The page's own address, to copy."""
    with st.popover("Share", icon=":material/link:"):
        st.caption("This link holds the settings and the sample, never your pictures.")
        chosen = {key: st.query_params.get_all(key) for key in st.query_params}
        st.code(link(st.context.url or "", chosen), language=None, wrap_lines=True)


def link(url: str, choices: Mapping[str, Sequence[str]]) -> str:
    """The address without whatever query it had, and with these choices."""
    return urlsplit(url)._replace(query=urlencode(choices, doseq=True), fragment="").geturl()
