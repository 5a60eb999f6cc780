"""The page with DETECTOR_URL: another server detects for it, and it shows the same."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from streamlit.testing.v1 import AppTest

from detector import server
from detector.cli import cli
from detector.client import Client, Patience
from detector.errors import BusyError, ServerError, SettingsError, TooLargeError
from detector.models.assets import ignore_progress
from detector.remote import FRESH_S, RemoteDetector
from detector.service import service
from detector.settings import Config, Limits, Settings
from tests.api.conftest import picture_bytes
from tests.api.servers import running
from tests.builders import file_bytes, noise_picture
from tests.conftest import ROOT
from tests.served import free_port

PAGE = str(ROOT / "streamlit_app.py")
SetUp = Callable[..., None]
LATER = "the detector behind this page cannot be asked just now; try again in some seconds"
MODELS = {
    "models": [{"name": "insects", "classes": ["ant", "bee"]}],
    "engines": ["openvino", "one of next year"],
    "default_model": "insects",
    "default_engine": "openvino",
}
FOUND = {
    "image": {"name": "picture", "width": 120, "height": 80},
    "detections": [
        {"label": "bee", "class_id": 1, "score": 0.75, "box": {"xmin": 1, "ymin": 2, "xmax": 30, "ymax": 40}}
    ],
    "time_ms": {
        "wait": 900.0,
        "decode": 50.0,
        "prepare": 1.0,
        "forward": 321.0,
        "detect": 322.0,
        "total": 990.0,
    },
    "notes": [],
}


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Set the page up for the server at an address, with these settings and no others."""
    for variable in [name for name in os.environ if name.startswith("DETECTOR_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("DETECTOR_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("DETECTOR_MAX_WAIT_S", "0.3")
    clients: list[Client] = []

    def noted(*given: Any, **named: Any) -> Client:
        clients.append(Client(*given, **named))
        return clients[-1]

    def set_up(url: str, **settings: str) -> None:
        for name, value in {"url": url, **settings}.items():
            monkeypatch.setenv(f"DETECTOR_{name.upper()}", value)

    monkeypatch.setattr("detector.remote.Client", noted)  # a process keeps its own to the end
    service.cache_clear()
    yield set_up
    service.cache_clear()
    for client in clients:
        client.close()


def opened(query: dict[str, str] | None = None, data: bytes | None = None) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update(query or {})
    page.run()
    page.file_uploader(key="upload0").upload("blobs.png", data or picture_bytes(), "image/png").run()
    assert not page.exception
    return page


def shown(page: AppTest) -> list[Any]:
    """All that the page says of the picture, but times."""
    texts = [re.sub(r"\d+ ms|\b[AB] takes.*|both take.*", "…", one.value) for one in page.markdown[:-1]]
    captions = [one.value for one in page.caption if "in this server's memory" not in one.value]
    return [texts, [one.value.to_dict("list") for one in page.dataframe], captions]


MOVING = file_bytes(
    Image.fromarray(noise_picture(120, 80).pixels),
    "GIF",
    save_all=True,
    append_images=[Image.fromarray(noise_picture(120, 80, 1).pixels)],
)


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ({}, picture_bytes()),
        ({"fit": "letterbox", "nms": "0.6", "side": "320"}, MOVING),
        ({"compare": "true", "model_b": "insects", "fit_b": "letterbox"}, picture_bytes()),
    ],
    ids=["defaults", "settings", "comparison"],
)
def test_the_page_shows_the_same_with_another_server(
    remote: SetUp, config: Config, url: str, query: dict[str, str], data: bytes
) -> None:
    remote(url, confidence="0.1")
    there = opened(query | {"model": "insects"}, data)
    remote("", model_folders=str(config.model_folders[0]))
    here = opened(query | {"model": "insects"}, data)
    assert len(there.dataframe[0].value)
    assert shown(there) == shown(here)
    for widget in ("radio", "selectbox", "multiselect"):
        for one, other in zip(getattr(there, widget), getattr(here, widget), strict=True):
            assert (one.key, one.options, one.value) == (other.key, other.options, other.value)


def test_the_page_starts_from_the_servers_default_model_and_says_where_pictures_go(
    remote: SetUp,
) -> None:
    with running(stand_in(lambda: JSONResponse(FOUND))) as url:
        remote(f"{url}/")
        page = opened()
        assert page.radio(key="model").options == ["insects"]
        assert page.multiselect(key="cls").options == ["ant", "bee"]
        assert any("go to its detector alone" in one.value for one in page.caption)


def test_the_page_has_no_detector_and_no_weights_of_its_own(remote: SetUp, url: str, tmp_path: Path) -> None:
    remote(url)
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.api.test_remote import opened
page = opened({{"model": "insects", "conf": "0.1", "compare": "true", "model_b": "insects", "fit_b": "letterbox"}})
assert len(page.dataframe[0].value)
print([name for name in ("openvino", "onnx", "tensorflow", "ncnn", "onnxruntime") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "[]\n", done.stderr
    assert not (tmp_path / "empty").exists()


def stand_in(predict: Callable[[], Response], models: Callable[[], Response] | None = None) -> Starlette:
    """A server that answers as a test says."""

    async def asked(request: Request) -> Response:
        return predict()

    async def told(request: Request) -> Response:
        return models() if models else JSONResponse(MODELS)

    return Starlette(routes=[Route("/predict", asked, methods=["POST"]), Route("/models", told)])


def problem(status: int, detail: str = "what was wrong", hint: str = "what to do") -> Response:
    body = {"error": "word", "detail": detail, "hint": hint}
    return JSONResponse(body, status, {"Retry-After": "0"} if status in (429, 503) else {})


def test_times_are_the_servers_own(remote: SetUp) -> None:
    with running(stand_in(lambda: JSONResponse(FOUND))) as url:
        remote(url)
        page = opened()
        facts = next(text for text in page.markdown if text.help)
        assert "322 ms with insects" in facts.value
        assert facts.help == "Where the time went: decode 50.0 ms · prepare 1.0 ms · forward 321.0 ms"
        assert page.selectbox(key="engine").options == ["openvino"]
        page.toggle(key="compare").set_value(True).run()
        assert "both take the same time" in " ".join(text.value for text in page.markdown)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda: problem(503, "9 are waiting already"), "9 are waiting already; what to do"),
        (lambda: problem(429), "what was wrong; what to do"),
        (lambda: problem(500), LATER),
        (lambda: HTMLResponse("<html>"), LATER),
        (lambda: JSONResponse({"detections": 5}), LATER),
        (lambda: JSONResponse([]), LATER),
        (lambda: HTMLResponse("no", 502), LATER),
    ],
    ids=["busy", "too often", "broken", "a page", "nonsense", "a list", "a gateway"],
)
def test_what_the_server_cannot_do_just_now_gets_one_sentence_and_a_way_to_try_again(
    remote: SetUp, answer: Callable[[], Response], sentence: str
) -> None:
    answers = [answer]
    with running(stand_in(lambda: answers[-1]())) as url:  # noqa: PLW0108 -- it changes
        remote(url)
        page = opened()
        assert [one.value.replace("\\", "") for one in page.warning] == [sentence[0].upper() + sentence[1:]]
        assert not page.error
        assert not page.dataframe
        answers.append(lambda: JSONResponse(FOUND))
        page.button(key="again").click().run()
        assert not page.warning
        assert page.dataframe[0].value["label"].tolist() == ["bee"]


def test_a_model_that_the_server_does_not_know_gets_its_sentence(remote: SetUp) -> None:
    refusal = problem(422, "there is no model 'insects'", "known are ant, bee")
    with running(stand_in(lambda: refusal)) as url:
        remote(url)
        page = opened()
        assert page.error[0].value.replace("\\", "") == "there is no model 'insects'; known are ant, bee"
        assert not page.warning


def test_a_bad_picture_among_many_spoils_none_and_is_not_sent(remote: SetUp) -> None:
    sent: list[int] = []

    def answer() -> Response:
        sent.append(1)
        return JSONResponse(FOUND)

    with running(stand_in(answer)) as url:
        remote(url)
        page = opened()
        sent.clear()
        files = [("words.png", b"just words", "image/png"), ("two.png", picture_bytes(2), "image/png")]
        page.file_uploader(key="upload0").set_value(files).run()
        assert page.dataframe[0].value["objects"].notna().tolist() == [False, True]
        assert page.error[0].value.endswith("use a JPEG, PNG, WebP, BMP or GIF picture")
        assert sent == [1]


def test_where_no_server_is_the_page_says_so_and_asks_again(remote: SetUp) -> None:
    remote(f"http://127.0.0.1:{free_port()}")
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not page.exception
    assert [one.value for one in page.warning] == [f"T{LATER[1:]}"]
    assert not page.get("file_uploader")
    page.button(key="again").click().run()
    assert [one.value for one in page.warning] == [f"T{LATER[1:]}"]


def test_a_page_whose_server_comes_up_later_goes_on(remote: SetUp) -> None:
    told = [problem(500)]
    with running(stand_in(lambda: JSONResponse(FOUND), lambda: told[-1])) as url:
        remote(url)
        page = AppTest.from_file(PAGE, default_timeout=60).run()
        assert [one.value for one in page.warning] == [f"T{LATER[1:]}"]
        told.append(JSONResponse(MODELS))
        page.button(key="again").click().run()
        assert not page.warning
        assert page.radio(key="model").options == ["insects"]


def test_a_wrong_key_is_a_matter_of_how_the_page_is_set_up(remote: SetUp) -> None:
    with running(stand_in(Response, lambda: problem(401, "there is no API key"))) as url:
        remote(url)
        page = AppTest.from_file(PAGE, default_timeout=60).run()
        assert page.error[0].value.replace("\\", "") == (
            "This server is not set up right: DETECTOR_URL or DETECTOR_URL_KEY is not right: there is no API key;"
            " what to do"
        )


def test_a_page_that_asks_another_server_is_served_without_an_api_beside_it(
    remote: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(config: Config) -> None:
        raise AssertionError("it would load a model")

    served: list[Any] = []
    monkeypatch.setattr(server, "api_alone", refuse)

    def noted(app: object, *_: object) -> SimpleNamespace:
        served.append(app)
        return SimpleNamespace(run=lambda: None)

    monkeypatch.setattr(server, "server", noted)
    remote("http://detector:8000")
    done = CliRunner().invoke(cli, ["serve"])
    assert done.exit_code == 0, done.output
    assert len(served) == 1
    assert "DETECTOR_API_URL" not in os.environ


def detector_of(
    *answers: httpx.Response,
    limits: Limits | None = None,
    public: bool = False,
    clock: Callable[[], float] = lambda: 0.0,
) -> tuple[RemoteDetector, list[httpx.Request]]:
    """A detector that is answered so, one after another, and what it has asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers[len(asked) - 1]

    client = Client(
        "http://there", None, Patience(tries=2), httpx.MockTransport(answer), lambda seconds: None
    )
    return RemoteDetector(client, limits or Limits(), public, clock), asked


def test_it_asks_with_every_setting() -> None:
    detector, asked = detector_of(httpx.Response(200, json=MODELS), httpx.Response(200, json=FOUND))
    settings = Settings("insects", "openvino", 320, 0, 0.05, 0.4, "class", "letterbox", "int8")
    result = detector.open(settings, ignore_progress).look(picture_bytes())
    assert dict(asked[1].url.params) == {
        "model": "insects",
        "engine": "openvino",
        "precision": "int8",
        "confidence": "0.05",
        "nms": "0.4",
        "suppression": "class",
        "fit": "letterbox",
        "side": "320",
        "format": "json",
    }
    assert result.settings == settings
    assert result.detections.names == ("ant", "bee")
    assert result.detect_ms == 322


def test_a_timer_gives_the_servers_time_of_another_look() -> None:
    found = httpx.Response(200, json=FOUND)
    detector, asked = detector_of(httpx.Response(200, json=MODELS), found, found)
    timer = detector.open(Settings("insects"), ignore_progress).timer(picture_bytes())
    assert (timer(), timer()) == (322, 322)
    assert len(asked) == 3


def test_what_is_offered_is_asked_for_once_in_a_while() -> None:
    now = [0.0]
    answers = [httpx.Response(200, json=MODELS)] * 2
    detector, asked = detector_of(*answers, clock=lambda: now[0])
    assert detector.offer() == detector.offer()
    assert len(asked) == 1
    now[0] += FRESH_S + 1
    assert detector.offer().models == {"insects": ("ant", "bee")}
    assert len(asked) == 2


def test_where_it_cannot_be_asked_again_others_go_on_with_what_is_known() -> None:
    now = [0.0]
    down = httpx.Response(500, text="down")
    answers = httpx.Response(200, json=MODELS), down, down
    detector, _ = detector_of(*answers, clock=lambda: now[0])
    known = detector.offer()
    now[0] += FRESH_S + 1
    with pytest.raises(ServerError, match=LATER):
        detector.offer()
    assert detector.offer() == known


def test_strangers_are_offered_published_models_that_are_there() -> None:
    models = [
        {"name": name, "classes": ["ant"], "here": here}
        for name, here in (("yolov3-tiny", True), ("yolov3", False), ("insects", True))
    ]
    told = httpx.Response(200, json={**MODELS, "models": models, "default_model": "yolov3-tiny"})
    assert list(detector_of(told)[0].offer().models) == ["yolov3-tiny", "yolov3", "insects"]
    assert list(detector_of(told, public=True)[0].offer().models) == ["yolov3-tiny"]


def test_what_is_too_large_for_the_page_is_not_sent() -> None:
    detector, asked = detector_of(httpx.Response(200, json=MODELS), limits=Limits(max_picture_pixels=100))
    with pytest.raises(TooLargeError, match="120 x 80 pixels"):
        detector.open(Settings("insects"), ignore_progress).look(picture_bytes())
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (httpx.Response(200, json={}), ServerError, LATER),
        (httpx.Response(200, json={**MODELS, "models": []}), ServerError, LATER),
        (httpx.Response(200, json={**MODELS, "engines": None}), ServerError, LATER),
        (httpx.Response(200, json=[]), ServerError, LATER),
        (
            httpx.Response(404, json={"detail": "no", "hint": "so"}),
            SettingsError,
            "DETECTOR_URL_KEY is not right: no",
        ),
        (httpx.Response(503, json={"detail": "full", "hint": "come again"}), BusyError, "full; come again"),
    ],
    ids=["nothing", "no models", "no engines", "a list", "elsewhere", "busy"],
)
def test_what_tells_of_no_models_is_told_by_its_kind(
    answer: httpx.Response, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        detector_of(answer, answer)[0].offer()
