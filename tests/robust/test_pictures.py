"""Every way in gives the expected answer to every file of the corpus, at a bounded cost, and writes nowhere else."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from detector.cli import cli
from detector.errors import ImageError
from tests.builders import use_own_model
from tests.robust.corpus import BROKEN, SCRIPT, TOO_MANY, Case, corpus, large

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = [
    pytest.mark.robust,
    pytest.mark.filterwarnings("default"),  # as users have it, or a warning would do a refusal's work
]
ROOT = Path(__file__).parent.parent.parent
LIMIT_MB, LIMIT_S = 32, 1.0  # beyond what the process had; of processor time
HEAVY_MB, HEAVY_S = 1100, 20.0  # for what claims or has 49 million pixels
COLOUR_TOLERANCE = 4
MOST_PICTURES = 20  # that the page takes at once
ANY_REFUSAL = f"{BROKEN}|{TOO_MANY}"


def measure(cases: Sequence[Case], folder: Path) -> list[dict[str, Any]]:
    """What one process of its own answered and spent for each."""
    folder.mkdir()
    for number, case in enumerate(cases):
        (folder / f"{number:04}").write_bytes(case.data)
    done = subprocess.run(
        [sys.executable, "-m", "tests.robust.measure", str(folder), str(HEAVY_MB + 200)],
        cwd=ROOT,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert len(list(folder.iterdir())) == len(cases)
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(case: Case, answer: dict[str, Any]) -> str | None:
    """What is not as the table has it."""
    if not case.accepted:
        return None if re.search(case.words, answer.get("refused", "")) else f"not {case.words!r}"
    if tuple(answer.get("size_wh", ())) != case.size_wh:
        return f"not {case.size_wh}"
    off = max(abs(one - other) for one, other in zip(answer["colour"], case.colour, strict=True))
    return f"not {case.colour}" if off > COLOUR_TOLERANCE else None


def too_dear(case: Case, answer: dict[str, Any]) -> str | None:
    """Which limit was passed."""
    most_mb, most_s = (HEAVY_MB, HEAVY_S) if case.heavy else (LIMIT_MB, LIMIT_S)
    fits = answer["peak_mb"] <= most_mb and answer["seconds"] <= most_s
    return None if fits else f"over {most_mb} MB or {most_s} s"


def check(cases: Sequence[Case], answers: Sequence[dict[str, Any]]) -> None:
    """All at once: a failure lists every file that is not as expected."""
    assert len(answers) == len(cases)
    complaints = [
        f"{case.name!r}: {complaint}: {answer}"
        for case, answer in zip(cases, answers, strict=True)
        for complaint in (wrong(case, answer), too_dear(case, answer))
        if complaint
    ]
    assert not complaints, "\n".join(complaints)


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_each_file_gets_its_answer_within_the_limits(tmp_path: Path) -> None:
    assert len(corpus()) >= 80
    check(corpus(), measure(corpus(), tmp_path / "files"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_the_largest_pictures_that_are_allowed_stay_within_the_limits(tmp_path: Path) -> None:
    check(large(), measure(large(), tmp_path / "files"))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model is what is used; the folder for everything that a test may write."""
    use_own_model(tmp_path, monkeypatch)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def everything_under(folder: Path) -> set[str]:
    """But for the compiled model, which a store may keep."""
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {name for name in names if not re.match(r"home/compiled(/\w+-\w+\.compiled)?$", name)}


def on_disk(folder: Path, case: Case, number: int) -> Path:
    """The file under its own name where a file can have it."""
    (folder / f"{number:04}").mkdir()
    usable = not set(case.name) & {"/", "\0"} and len(case.name.encode()) <= 255 and os.sep == "/"
    path = folder / f"{number:04}" / (case.name if usable else "x.png")
    path.write_bytes(case.data)
    return path


def test_the_command_line_answers_each_and_writes_only_where_it_is_told(own: Path) -> None:
    (own / "in").mkdir()
    paths = [on_disk(own / "in", case, number) for number, case in enumerate(corpus())]
    before = everything_under(own)
    done = CliRunner().invoke(cli, ["detect", *map(str, paths), "--json", "--out", str(own / "out")])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    reports = {report["image"]["name"]: report for report in map(json.loads, done.stdout.splitlines())}
    for case, path in zip(corpus(), paths, strict=True):
        if case.accepted:
            image = reports.pop(str(path))["image"]
            assert (image["width"], image["height"]) == case.size_wh, case.name
        else:
            line = done.stderr.partition(f"detector: {path}: ")[2].partition("\n")[0]
            assert re.search(case.words, line), (case.name, line)
    assert not reports
    written = everything_under(own) - before
    assert {name for name in written if not name.startswith("out")} <= {"home"}
    assert len([name for name in written if name.startswith("out/")]) == sum(
        case.accepted for case in corpus()
    )
    for path in (own / "out").iterdir():
        assert SCRIPT not in path.read_bytes()  # what is written is made of pixels only


BOUNDARY = "9c1b6f"


def form(case: Case) -> bytes:
    """As a client sends it that does not clean names: only what would end the header is written as browsers do."""
    name = case.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + case.data + f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def url(own: Path) -> Iterator[str]:
    """The API on a real port."""
    pytest.importorskip("fastapi")
    from detector.api.app import build_api
    from detector.service import service
    from detector.settings import Config
    from tests.api.servers import running

    with running(build_api(service(Config.from_env(os.environ)))) as url:
        yield url


def test_the_api_answers_each_without_an_error_of_its_own(own: Path, url: str) -> None:
    import httpx

    before = everything_under(own)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        answers = [client.post("/predict?format=json", content=form(case)) for case in corpus()]
    for case, answer in zip(corpus(), answers, strict=True):
        told = answer.json()
        if case.accepted:
            assert answer.status_code == 200, (case.name, told)
            assert (told["image"]["width"], told["image"]["height"]) == case.size_wh, case.name
        else:
            assert answer.status_code in (413, 415, 422), (case.name, told)
            assert re.search(case.words, f"{told['detail']}; {told['hint']}"), (case.name, told)
        assert "Traceback" not in answer.text
        assert str(own) not in answer.text
    assert everything_under(own) - before <= {"home"}


def test_the_client_raises_what_the_api_says(url: str) -> None:
    from detector.client import Client

    with Client(url) as client:
        for case in corpus()[::3]:
            if case.accepted:
                image = client.predict(case.data, case.name)["image"]
                assert (image["width"], image["height"]) == case.size_wh, case.name
            else:
                with pytest.raises(ImageError, match=case.words):
                    client.predict(case.data, case.name)


def page_at_start() -> "AppTest":
    from streamlit.testing.v1 import AppTest

    from detector.service import service

    service.cache_clear()
    return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()


def test_the_page_answers_each_in_its_table(own: Path) -> None:
    pytest.importorskip("streamlit")
    page, before = page_at_start(), everything_under(own)
    unique = list({case.data: case for case in corpus()}.values())  # the same bytes twice are one picture
    for start in range(0, len(unique), MOST_PICTURES):
        some = unique[start : start + MOST_PICTURES]
        files = [(f"{number}.png", case.data, "image/png") for number, case in enumerate(some)]
        page.file_uploader(key="upload0").set_value(files).run()
        assert not page.exception
        for case, found in zip(some, page.dataframe[0].value["found"], strict=True):
            assert bool(re.search(case.words or ANY_REFUSAL, found)) == (not case.accepted), (
                case.name,
                found,
            )
    assert everything_under(own) - before <= {"home"}


MARKUP = "<img src=x onerror=alert(1)>.png", "**bold** [link](javascript:alert(1)) $x$.png"
ON_PAGE = (
    *MARKUP,
    "\u202egnp.exe.png",
    "HEIC.jpg",
    "AVIF.jpg",
    "page.jpg",
    "half and an end.jpg",
    "claims 20000 a side.png",
    "bomb of 81 million.png",
    "moving.webp",
)


def test_the_page_shows_each_as_text_and_one_sentence_for_what_it_cannot_read(own: Path) -> None:
    pytest.importorskip("streamlit")
    page = page_at_start()
    cases = {case.name: case for case in corpus()}
    before = everything_under(own)
    page.file_uploader(key="upload0").set_value([(n, cases[n].data, "image/png") for n in ON_PAGE]).run()
    assert not page.exception
    table = page.dataframe[0].value
    assert table["picture"].tolist() == list(ON_PAGE)  # a table shows text only
    for name in ON_PAGE:
        case = cases[name]
        if not case.accepted:
            assert re.search(case.words, table["found"][ON_PAGE.index(name)])
            assert re.search(case.words, page.error[0].value), name
            assert not page.exception
        for text in (*page.markdown, *page.error, *page.caption):
            assert not any(name in text.value for name in MARKUP), text.value
        if name != ON_PAGE[-1]:
            page.button(key="next").click().run()
    assert everything_under(own) - before <= {"home"}
