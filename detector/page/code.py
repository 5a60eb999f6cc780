"""Lines that give the same result over HTTP, for who wants more than a page."""

from urllib.parse import urljoin

import streamlit as st

from detector.page.choose import Choices
from detector.results.snippets import curl_line, python_lines


def code(api_url: str, choices: Choices, picture: str) -> None:
    """Ready to copy, for the settings on the screen; where this server has no API, how to start it with one."""
    with st.popover("Use it from code", icon=":material/code:", key="code"):
        if not api_url:
            st.markdown("Start this page with `detector serve`, and it has an HTTP API beside it.")
            return
        url = urljoin(st.context.url or "", api_url)
        st.caption("The same over HTTP, with the settings on the screen.")
        asked = url, choices.settings, choices.classes, picture
        for lines in (curl_line(*asked), python_lines(*asked)):
            st.code(
                lines, language=None, wrap_lines=True
            )  # the colours of a language have too little contrast
        st.link_button("All of the API", f"{url.rstrip('/')}/docs", icon=":material/description:")
