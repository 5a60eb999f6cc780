"""The client against answers that a server could give, without one."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from detector.client import AsyncClient, Client, Patience
from detector.errors import BusyError, DetectorError, ImageError, ServerError, SettingsError, TooLargeError

URL = "http://server/api/"
Answer = Callable[[httpx.Request], httpx.Response]


def problem(status: int, **headers: str) -> httpx.Response:
    body = {"error": "word", "detail": "what was wrong", "hint": "what to do"}
    return httpx.Response(status, json=body, headers=headers)


def one_after_another(*answers: httpx.Response) -> tuple[Answer, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers[len(asked) - 1]

    return answer, asked


def ask(
    answer: Answer,
    way: str = "sync",
    method: str = "predict",
    patience: Patience | None = None,
    given: tuple[bytes, ...] = (b"data",),
    **settings: Any,
) -> tuple[Any, list[float]]:
    """What the client gives, and the pauses that it made."""
    pauses: list[float] = []
    transport = httpx.MockTransport(answer)
    if way == "sync":
        with Client(URL, "sesame", patience, transport, pauses.append) as client:
            return getattr(client, method)(*given, **settings), pauses

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def scene() -> Any:
        async with AsyncClient(URL, "sesame", patience, transport, pause) as client:
            return await getattr(client, method)(*given, **settings)

    return asyncio.run(scene()), pauses


WAYS = pytest.mark.parametrize("way", ["sync", "async"])


@WAYS
def test_it_sends_the_picture_the_key_and_the_settings(way: str) -> None:
    answer, asked = one_after_another(httpx.Response(200, json={"counts": {"dog": 1}}))
    given, _ = ask(answer, way, model="yolov3", classes=["dog", "cat"], confidence=0.3)
    assert given == {"counts": {"dog": 1}}
    request = asked[0]
    assert (
        request.url
        == "http://server/api/predict?model=yolov3&classes=dog&classes=cat&confidence=0.3&format=json"
    )
    assert request.headers["X-API-Key"] == "sesame"
    assert b'name="file"; filename="picture"' in request.content
    assert b"data" in request.content


@WAYS
def test_an_annotated_picture_is_its_bytes(way: str) -> None:
    answer, asked = one_after_another(httpx.Response(200, content=b"jpeg"))
    assert ask(answer, way, "annotated")[0] == b"jpeg"
    assert asked[0].url.params["format"] == "image"


@WAYS
def test_models_are_what_the_server_tells_of(way: str) -> None:
    answer, asked = one_after_another(httpx.Response(200, json={"models": []}))
    assert ask(answer, way, "models", given=())[0] == {"models": []}
    assert (asked[0].method, str(asked[0].url)) == ("GET", "http://server/api/models")
    assert asked[0].headers["X-API-Key"] == "sesame"


@WAYS
@pytest.mark.parametrize("status", [429, 503])
def test_it_comes_again_when_the_server_says(way: str, status: int) -> None:
    done = httpx.Response(200, json={})
    answer, asked = one_after_another(problem(status, **{"Retry-After": "7"}), problem(status), done)
    assert ask(answer, way, patience=Patience(spread=0)) == ({}, [7.0, 4.0])
    assert asked[0].content.replace(_boundary(asked[0]), b"") == asked[2].content.replace(
        _boundary(asked[2]), b""
    )


def test_clients_that_were_refused_together_do_not_come_again_together() -> None:
    refusal = problem(503, **{"Retry-After": "10"})
    pauses = [Patience(spread=0.5).pause_s(refusal, sent=1) for _ in range(100)]
    assert all(pause is not None and 10 <= pause <= 15 for pause in pauses)
    assert len(set(pauses)) > 90


@WAYS
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_a_proxy_says_of_a_server_that_it_lost_is_not_the_last_word(way: str, status: int) -> None:
    done = httpx.Response(200, json={})
    answer, asked = one_after_another(httpx.Response(status, text="Internal Server Error"), done)
    assert ask(answer, way, patience=Patience(spread=0)) == ({}, [2.0])
    assert len(asked) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_proxy_that_is_full_is_busy_and_no_strange_server(status: int) -> None:
    answer, _ = one_after_another(*[httpx.Response(status, text="dropped", headers={"Retry-After": "2"})] * 2)
    with pytest.raises(BusyError, match=f"http://server/api/predict.* answered {status}; try again"):
        ask(answer, patience=Patience(tries=2))


def _boundary(request: httpx.Request) -> bytes:
    return request.headers["Content-Type"].partition("boundary=")[2].encode()


@WAYS
def test_it_gives_up_after_so_many_tries_or_where_the_pause_is_too_long(way: str) -> None:
    answer, asked = one_after_another(*[problem(503, **{"Retry-After": "1"})] * 3)
    with pytest.raises(BusyError, match="what was wrong; what to do"):
        ask(answer, way, patience=Patience(tries=3))
    assert len(asked) == 3
    answer, asked = one_after_another(problem(429, **{"Retry-After": "3600"}))
    with pytest.raises(BusyError):
        ask(answer, way)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, SettingsError),
        (401, SettingsError),
        (404, SettingsError),
        (413, TooLargeError),
        (415, ImageError),
        (422, SettingsError),
        (500, ServerError),
    ],
)
def test_a_problem_is_raised_by_its_kind_and_not_sent_again(status: int, kind: type[DetectorError]) -> None:
    answer, asked = one_after_another(problem(status))
    with pytest.raises(kind, match="what was wrong; what to do") as caught:
        ask(answer)
    assert type(caught.value) is kind
    assert len(asked) == 1


@WAYS
def test_no_server_is_said_by_its_address(way: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with pytest.raises(ServerError, match=r"http://server/api/ does not answer \(connection refused\)"):
        ask(refuse, way)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(502, text="<html>"),
        httpx.Response(404, json={"detail": "Not Found"}),
        httpx.Response(404, json=["x"]),
        httpx.Response(307),
    ],
    ids=["page", "gateway", "other API", "list", "redirect"],
)
def test_another_server_is_noticed(answer: httpx.Response) -> None:
    with pytest.raises(ServerError, match="is it the detector's API"):
        ask(one_after_another(*[answer] * 4)[0])
