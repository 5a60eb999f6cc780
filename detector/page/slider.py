"""Two pictures over each other with a handle between them: one small component, its script in this file alone.

Everything that it shows, the side by side view shows too.
"""

import streamlit as st

from detector.page.words import data_url

_HTML = """<figure>
  <div class="stage"><img class="under"><img class="over"><div class="line"></div></div>
  <input type="range" min="0" max="100" value="50" aria-label="Share of the picture that shows A">
  <figcaption><span class="a"></span><span class="b"></span></figcaption>
</figure>"""
_CSS = """figure {margin: 0; font-family: var(--st-font); color: var(--st-text-color)}
.stage {position: relative; line-height: 0}
img {width: 100%; border-radius: 8px}
.over {position: absolute; inset: 0; clip-path: inset(0 calc(100% - var(--at, 50%)) 0 0)}
.line {position: absolute; inset: 0 auto 0 var(--at, 50%); width: 3px; margin-left: -1.5px; background: #fff;
  box-shadow: 0 0 3px #000}
input {width: 100%; margin: 12px 0 4px; accent-color: var(--st-primary-color)}
figcaption {display: flex; justify-content: space-between; gap: 1rem; font-size: 0.9rem}"""
_JS = """export default function ({parentElement, data}) {
  const find = (name) => parentElement.querySelector(name);
  for (const [name, picture, text] of [[".over", data.a, data.titleA], [".under", data.b, data.titleB]]) {
    find(name).src = picture;
    find(name).alt = text;
  }
  find(".a").textContent = data.titleA;
  find(".b").textContent = data.titleB;
  const range = find("input");
  const follow = () => find(".stage").style.setProperty("--at", range.value + "%");
  range.addEventListener("input", follow);
  follow();
  return () => range.removeEventListener("input", follow);
}"""


def compare_slider(jpeg_a: bytes, jpeg_b: bytes, titles: tuple[str, str]) -> None:
    """A on the left of the handle, B on the right; moved by mouse, finger or arrow keys."""
    component = st.components.v2.component("compare_slider", html=_HTML, css=_CSS, js=_JS)
    data = {"a": data_url(jpeg_a), "b": data_url(jpeg_b), "titleA": titles[0], "titleB": titles[1]}
    component(key="compare_slider", data=data)
