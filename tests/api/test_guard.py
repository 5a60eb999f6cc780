"""Keys, a limit for each client, other origins, and what every answer carries."""

from dataclasses import replace

import httpx
import pytest

from detector.api.app import build_api
from detector.api.guard import Clients, check_key
from detector.api.problems import ProblemError
from detector.service import service
from detector.settings import Config, Http
from tests.api.conftest import form
from tests.api.servers import running
from tests.api.test_problems import problem


def test_without_keys_everybody_may_and_with_keys_who_has_one() -> None:
    check_key(None, ())
    check_key("anything", ())
    check_key("b", ("a", "b"))
    check_key("ü", ("ü",))
    for given in (None, "", "c", "ab", "a "):
        with pytest.raises(ProblemError, match="X-API-Key"):
            check_key(given, ("a", "b"))


def test_keys_close_all_but_health_and_documentation(config: Config) -> None:
    with running(build_api(service(replace(config, http=Http(api_keys=("sesame",)))))) as url:
        for path in ("/", "/healthz", "/readyz", "/docs", "/openapi.json"):
            assert httpx.get(f"{url}{path}").status_code in (200, 503), path
        for path in ("/models", "/metrics"):
            assert "no API key" in problem(httpx.get(f"{url}{path}"), 401)["detail"]
        for path in ("/predict", "/predict/batch", "/count/ant", "/compare"):
            wrong = httpx.post(f"{url}{path}", files=form(), headers={"X-API-Key": "simsalabim"})
            assert "not one of" in problem(wrong, 401)["detail"]
        right = httpx.post(f"{url}/predict", files=form(), headers={"X-API-Key": "sesame"})
        assert right.status_code == 200


def test_a_clients_requests_come_back_with_time() -> None:
    now = 0.0
    clients = Clients(60, clock=lambda: now, most_known=2)
    for _ in range(60):
        clients.count("one")
    with pytest.raises(ProblemError, match="over 60 requests") as caught:
        clients.count("one")
    assert caught.value.problem.headers == {"Retry-After": "1"}
    clients.count("another")
    now = 0.99
    with pytest.raises(ProblemError, match="wait 1 s"):
        clients.count("one")
    now = 1.01
    clients.count("one")
    for name in ("third", "fourth"):  # the table is bounded: the one not seen for longest is forgotten
        clients.count(name)
    clients.count("another")


def test_no_limit_counts_nothing() -> None:
    clients = Clients(0)
    for _ in range(1000):
        clients.count("one")


def test_a_client_past_its_limit_is_told_when_to_come_again(config: Config) -> None:
    limited = replace(config, http=Http(max_requests_per_minute=2, cors_origins=("https://shop.example",)))
    with running(build_api(service(limited))) as url, httpx.Client(base_url=url) as api:
        for _ in range(2):
            assert api.get("/models").status_code == 200
        late = api.post("/predict", files=form(), headers={"Origin": "https://shop.example"})
        problem(late, 429)
        assert 1 <= int(late.headers["Retry-After"]) <= 30
        assert late.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Retry-After" in late.headers["Access-Control-Expose-Headers"]
        assert api.get("/healthz").status_code == 200
        other = api.get("/healthz", headers={"Origin": "https://other.example"})
        assert "Access-Control-Allow-Origin" not in other.headers


def test_no_origin_may_call_unless_told(api: httpx.Client) -> None:
    answer = api.get("/healthz", headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
