"""Many at once: everybody gets their own right answer, or is told at once to come again."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from fastapi import FastAPI

from detector.api import uploads
from detector.api.app import build_api
from detector.gate import Gate
from detector.service import Service
from detector.settings import Config, Http, Serving
from tests.api.conftest import form, picture_bytes
from tests.api.servers import HeldEngine, HeldPool, running, until
from tests.api.test_problems import problem

pytestmark = pytest.mark.robust


def found(client: httpx.Client, seed: int) -> Any:
    answer = client.post("/predict?format=json", files=form(picture_bytes(seed)))
    assert answer.status_code == 200, answer.text
    return answer.json()["detections"]


def test_200_requests_4_at_a_time_answer_as_one_at_a_time(api: httpx.Client) -> None:
    serial = [found(api, seed) for seed in range(10)]
    assert len({str(one) for one in serial}) == 10
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda number: found(api, number % 10), range(200)))
    assert answers == serial * 20


def held(engine: HeldEngine, running_at_once: int = 1, waiting: int = 1, **http: Any) -> Service:
    config = Config(serving=Serving(max_wait_s=http.pop("max_wait_s", 30)), http=Http(**http))
    return Service(config, HeldPool(engine), Gate(running_at_once, waiting))


def in_flight(app: FastAPI) -> float:
    """Requests that the server has not yet done with."""
    text: str = app.state.api.meters.text()[0].decode()
    return float(text.partition("\ndetector_requests_in_flight ")[2].partition("\n")[0])


def test_past_the_queue_the_answer_is_at_once_and_the_rest_still_runs() -> None:
    engine = HeldEngine()
    service = held(engine, 1, 2)
    with running(build_api(service)) as url, ThreadPoolExecutor(3) as threads:
        inside = [threads.submit(httpx.post, f"{url}/predict", files=form(), timeout=30) for _ in range(3)]
        until(lambda: service.gate.full)
        for path in ("/predict", "/predict/batch", "/compare", "/count/person"):
            assert "2 are waiting" in problem(httpx.post(f"{url}{path}", files=form()), 503)["detail"]
        problem(httpx.get(f"{url}/readyz"), 503)
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert "detector_queue_waiting 2.0" in httpx.get(f"{url}/metrics").text
        engine.go.set()
        assert [one.result().status_code for one in inside] == [200, 200, 200]
    assert engine.calls == 3
    assert (service.gate.running, service.gate.waiting) == (0, 0)


def test_of_many_who_come_at_the_same_moment_no_more_are_read_than_the_queue_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, read = HeldEngine(), Mock(side_effect=uploads._parse)
    monkeypatch.setattr(uploads, "_parse", read)
    transport = httpx.ASGITransport(build_api(held(engine, 1, 2)))

    async def scene() -> list[int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            asked = [asyncio.ensure_future(client.post("/predict", files=form())) for _ in range(30)]
            while sum(one.done() for one in asked) < 27:
                await asyncio.sleep(0.01)
            engine.go.set()
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert sorted(asyncio.run(asyncio.wait_for(scene(), 30))) == [200] * 3 + [503] * 27
    assert read.call_count == 3


def sent(url: str) -> socket.socket:
    """A request that has been sent whole, by a client that can go away when it likes."""
    request = httpx.Request("POST", f"{url}/predict", files=form())
    request.read()
    lines = [
        "POST /predict HTTP/1.1",
        *(f"{name}: {value}" for name, value in request.headers.items()),
        "",
        "",
    ]
    client = socket.create_connection((request.url.host, request.url.port or 0), timeout=20)
    client.sendall("\r\n".join(lines).encode() + request.content)
    return client


def test_a_client_that_goes_away_frees_its_place_in_the_queue() -> None:
    engine = HeldEngine()
    service = held(engine, 1, 1)
    with running(build_api(service)) as url, ThreadPoolExecutor(1) as threads:
        first = threads.submit(httpx.post, f"{url}/predict", files=form(), timeout=30)
        until(lambda: engine.calls == 1)
        with sent(url):
            until(lambda: service.gate.waiting == 1)
        until(lambda: service.gate.waiting == 0)
        engine.go.set()
        assert first.result().status_code == 200
    assert engine.calls == 1


def test_a_client_that_goes_away_while_it_is_worked_for_frees_its_place_after() -> None:
    engine = HeldEngine()
    service = held(engine, 1, 0)
    app = build_api(service)
    with running(app) as url:
        with sent(url):
            until(lambda: engine.calls == 1)
        until(lambda: in_flight(app) == 0)
        assert service.gate.running == 1  # nothing ends a thread from outside
        engine.go.set()
        until(lambda: service.gate.running == 0)
        assert httpx.post(f"{url}/predict", files=form()).status_code == 200


def test_who_waits_too_long_is_told_to_come_again() -> None:
    engine = HeldEngine()
    service = held(engine, 1, 5, max_wait_s=0.2)
    with running(build_api(service)) as url, ThreadPoolExecutor(1) as threads:
        first = threads.submit(httpx.post, f"{url}/predict", files=form(), timeout=30)
        until(lambda: engine.calls == 1)
        assert "no answer within" in problem(httpx.post(f"{url}/predict", files=form()), 503)["detail"]
        assert service.gate.waiting == 0
        engine.go.set()
        assert first.result().status_code == 200


def test_a_deadline_ends_the_wait_for_work_and_of_a_batch_what_is_done_is_kept() -> None:
    engine = HeldEngine()
    service = held(engine, 2, 5, max_answer_s=0.3)
    with running(build_api(service)) as url:
        problem(httpx.post(f"{url}/predict", files=form()), 503)
        sent = [("file", ("a.png", picture_bytes())), ("file", ("b.txt", b"x"))]
        items = httpx.post(f"{url}/predict/batch", files=sent).json()["items"]
        assert [item["status"] for item in items] == [503, 503]
        engine.go.set()
        until(lambda: service.gate.running == 0)


def test_stalled_uploads_are_closed_and_keep_nobody_out(config: Config) -> None:
    engine = HeldEngine()
    engine.go.set()
    with running(build_api(held(engine, max_body_s=0.5))) as url:
        address = httpx.URL(url)
        stalled = [socket.create_connection((address.host, address.port or 0), timeout=20) for _ in range(50)]
        for one in stalled:
            one.sendall(
                b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            )
        assert httpx.post(f"{url}/predict", files=form()).status_code == 200
        for one in stalled:
            answer = b""
            while part := one.recv(4096):  # ends, so the server has closed it
                answer += part
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"\r\nconnection: close\r\n" in answer  # at once, and not when the keep-alive ends
            assert b'"error":"too_slow"' in answer
            one.close()


def test_a_body_that_breaks_off_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    engine = HeldEngine()
    service = held(engine)
    app = build_api(service)
    with running(app) as url:
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port or 0)) as one:
            one.sendall(
                b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            )
            until(lambda: in_flight(app) == 1)
        until(lambda: in_flight(app) == 0)
    assert not caplog.records


def test_shutdown_finishes_what_runs_and_refuses_what_comes() -> None:
    engine = HeldEngine()
    with ThreadPoolExecutor(2) as threads:
        with running(build_api(held(engine))) as url:
            first = threads.submit(httpx.post, f"{url}/predict", files=form(), timeout=30)
            until(lambda: engine.calls == 1)
            closed = threads.submit(_refused, url, engine)
        assert first.result().status_code == 200
        assert closed.result()


def _refused(url: str, engine: HeldEngine) -> bool:
    """Waits until the server takes no more, and only then lets what runs go on."""

    def refuses() -> bool:
        try:
            return httpx.get(f"{url}/healthz", timeout=5).status_code == 0
        except httpx.ConnectError:
            return True

    try:
        until(refuses)
        return True
    finally:
        engine.go.set()
