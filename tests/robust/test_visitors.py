"""Thirty visits at once: each sees its own pictures only, and what was held for them is let go when they leave."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("streamlit")

from tests.api.conftest import picture_bytes
from tests.builders import file_bytes, noise_picture, use_own_model
from tests.robust.visitor import visiting
from tests.served import Served, page_served, served

pytestmark = [pytest.mark.robust, pytest.mark.filterwarnings("default")]
VISITORS = 30


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "0.1")
    with served(tmp_path / "log", {"MALLOC_ARENA_MAX": "2"}) as one:
        yield one


def name(number: int) -> str:
    return f"visitor-{number:02}.png"


def seen(told: bytes) -> tuple[set[bytes], list[bytes]]:
    """The pictures that are named anywhere in what the page said, and what it says is in them."""
    names = set(re.findall(rb"visitor-\d\d\.png", told))
    return names, re.findall(rb"visitor-\d\d\.png: [ \w,]+", told)


def visit(url: str, number: int, times: int = 2) -> list[tuple[set[bytes], list[bytes]]]:
    """The same picture a few times over, as somebody who tries things."""
    with visiting(url) as visitor:
        told = []
        for _ in range(times):
            visitor.upload(name(number), picture_bytes(number))
            told.append(seen(visitor.told))
        return told


def test_thirty_visitors_see_their_own_pictures_as_if_they_were_alone(server: Served) -> None:
    alone = {number: visit(server.url, number, times=1)[0] for number in range(VISITORS)}
    assert all(alone[number][0] == {name(number).encode()} for number in range(VISITORS))
    assert all(told for _, told in alone.values())
    assert len({told[0].partition(b":")[2] for _, told in alone.values()}) > 5  # their pictures differ
    with ThreadPoolExecutor(VISITORS) as threads:
        together = dict(
            zip(range(VISITORS), threads.map(lambda n: visit(server.url, n), range(VISITORS)), strict=True)
        )
    for number in range(VISITORS):
        assert together[number] == [alone[number]] * 2
    assert "Traceback" not in server.log.read_text()


@pytest.mark.filterwarnings("default")
def test_what_was_held_for_those_who_left_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_model(tmp_path, monkeypatch)
    # Streamlit keeps a visit for some time after its tab was closed; the next one that ends finds it.
    options = ["--server.disconnectedSessionTTL", "1"]
    with page_served(tmp_path / "log", {}, *options) as server:
        large = file_bytes(Image.fromarray(noise_picture(4000, 3000).pixels), "JPEG", quality=95)
        held = []
        for _ in range(3):
            for number in range(5):
                with visiting(server.url) as visitor:
                    visitor.upload(name(number), large)
            time.sleep(2)
            with visiting(server.url):
                held.append((server.open_files(), server.rss_mb()))
        assert held[-1][0] <= held[0][0] + 5
        assert held[-1][1] < 1.1 * held[0][1]
