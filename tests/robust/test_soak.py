"""A long run of good and bad files: nothing grows but the count of answers."""

import itertools
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import pytest

pytest.importorskip("streamlit")

from tests.builders import use_own_model
from tests.robust.corpus import Case, corpus
from tests.robust.visitor import visiting
from tests.served import Served, served

pytestmark = [pytest.mark.robust, pytest.mark.filterwarnings("default")]
AT_ONCE = 4
TENTHS = 10


@dataclass(frozen=True)
class Footprint:
    """What the server holds, and how fast it was lately."""

    rss_mb: float
    open_files: int
    threads: int
    temporary: int
    request_s: float
    upload_s: float


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    use_own_model(tmp_path, monkeypatch)
    (tmp_path / "temporary").mkdir()
    (tmp_path / ".streamlit").mkdir()
    # Streamlit keeps a visit for two minutes after its end: what is kept then would be measured, and not what leaks.
    (tmp_path / ".streamlit" / "config.toml").write_text("[server]\ndisconnectedSessionTTL = 1\n")
    more = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path / "temporary"), "MALLOC_ARENA_MAX": "2"}
    with served(tmp_path / "log", more) as one:
        yield one


def soak(server: Served, requests: int, uploads: int, temporary: Path) -> list[Footprint]:
    """A footprint after each tenth of so many requests over HTTP and uploads on the page."""
    cases = [case for case in corpus() if not case.heavy and len(case.data) < 1_000_000]
    prints = []
    for _ in range(TENTHS):
        endless = itertools.cycle(
            cases
        )  # the same files in each tenth, since what is left behind is compared
        pictures = list(itertools.islice(endless, requests // TENTHS))
        with ThreadPoolExecutor(AT_ONCE) as threads, httpx.Client(base_url=server.url, timeout=60) as client:
            took = list(threads.map(lambda case: ask(client, case), pictures))
        seen = visit(server, list(itertools.islice(endless, uploads // TENTHS)))
        let_go(server)
        prints.append(
            Footprint(
                server.rss_mb(),
                server.open_files(),
                server.threads(),
                len(list(temporary.rglob("*"))),
                median(took),
                median(seen),
            )
        )
        print(prints[-1])  # noqa: T201 # what the documentation states
    return prints


def ask(client: httpx.Client, case: Case) -> float:
    """Seconds until the right answer."""
    start = time.monotonic()
    answer = client.post("/api/predict?format=json", files={"file": ("picture", case.data)})
    assert (answer.status_code == 200) == case.accepted, (case.name, answer.text)
    assert answer.status_code in (200, 413, 415, 422)
    return time.monotonic() - start


def visit(server: Served, cases: list[Case]) -> list[float]:
    """Seconds of each upload by one visitor, who then leaves."""
    took = []
    with visiting(server.url) as visitor:
        for case in cases:
            start = time.monotonic()
            visitor.upload("picture.png", case.data)
            took.append(time.monotonic() - start)
            assert re.search(rb"picture\\?\.png", visitor.told)
    return took


def let_go(server: Served) -> None:
    """Have Streamlit drop the last visit: it does so when a later one ends, once that visit's time is over."""
    for _ in range(2):
        time.sleep(1.5)
        with visiting(server.url):
            pass


def check(prints: list[Footprint], growth: float) -> None:
    first, last = prints[0], prints[-1]
    # Memory goes up and down by some per cent as heaps break into pieces: the later half's median tells what stays.
    assert median(one.rss_mb for one in prints[TENTHS // 2 :]) < growth * first.rss_mb
    assert (
        last.open_files <= first.open_files + 3 * TENTHS
    )  # Streamlit keeps a visit for two minutes after its end
    assert last.threads <= first.threads + 5
    assert last.temporary == 0


def test_a_short_run_leaves_nothing_behind(server: Served, tmp_path: Path) -> None:
    check(soak(server, 500, 50, tmp_path / "temporary"), growth=1.2)


@pytest.mark.slow
def test_20_000_requests_and_2_000_uploads_leave_nothing_behind(server: Served, tmp_path: Path) -> None:
    prints = soak(server, 20_000, 2_000, tmp_path / "temporary")
    check(prints, growth=1.05)
    assert prints[-1].request_s < 2 * prints[0].request_s
    assert prints[-1].upload_s < 2 * prints[0].upload_s
