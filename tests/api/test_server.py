"""`detector serve` as a user starts it, both ways, asked as the tutorial asks."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
import requests
from click.testing import CliRunner
from playwright.sync_api import FilePayload, expect, sync_playwright

import detector
from detector import server
from detector.cli import cli
from detector.commands.serve import serve_command
from detector.errors import DetectorError
from detector.models.registry import ModelFiles
from detector.settings import Config, Http
from tests.api.servers import until
from tests.browser.steps import CHROMIUM, FLAGS, PATIENCE_MS, shown
from tests.conftest import ROOT
from tests.served import free_port

pytestmark = pytest.mark.robust


@pytest.fixture(scope="module")
def both_ways(tiny_files: ModelFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where the API is when it is served alone, and when it is served with the page. Started in another folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DETECTOR_HOME": str(tiny_files.weights.parent)}
    ports = {"alone": free_port(), "with the page": free_port()}
    commands = {
        "alone": ["--api-only", "--port", str(ports["alone"])],
        "with the page": ["--port", str(ports["with the page"])],
    }
    with (folder / "log").open("w") as log:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "detector", "serve", *options],
                cwd=folder,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            for options in commands.values()
        ]
        try:
            urls = {
                "alone": f"http://127.0.0.1:{ports['alone']}",
                "with the page": f"http://127.0.0.1:{ports['with the page']}/api",
            }
            for url in urls.values():
                until(lambda url=url: ready(url), 60)
            yield urls
        finally:
            for one in started:
                one.send_signal(signal.SIGTERM)
            codes = [one.wait(20) for one in started]
    assert codes == [-signal.SIGTERM, -signal.SIGTERM]
    assert "Traceback" not in (folder / "log").read_text()
    assert [path.name for path in folder.iterdir()] == ["log"]  # nothing is written for a request


def ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


WAYS = pytest.mark.parametrize("way", ["alone", "with the page"])


@WAYS
def test_the_tutorials_client_gets_a_picture_with_boxes(
    both_ways: dict[str, str], photographs: dict[str, bytes], way: str, tmp_path: Path
) -> None:
    for name, data in photographs.items():
        (tmp_path / name).write_bytes(data)
        with (tmp_path / name).open("rb") as image_file:
            # The tutorial's request, word for word but for the address.
            prediction = requests.post(
                f"{both_ways[way]}/predict?model=yolov3-tiny", files={"file": image_file}, timeout=60
            )
        assert (prediction.status_code, prediction.headers["content-type"]) == (200, "image/jpeg")
        drawn = cv2.imdecode(np.asarray(bytearray(prediction.content), dtype=np.uint8), cv2.IMREAD_COLOR)
        original = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
        assert drawn is not None
        assert original is not None
        assert drawn.shape == original.shape
        assert (cv2.absdiff(drawn, original) > 100).any()


@WAYS
def test_its_numbers_are_the_tutorials(
    both_ways: dict[str, str], photographs: dict[str, bytes], way: str
) -> None:
    for name, label, score in (("apple.jpg", "apple", 0.5717206), ("clock.jpg", "clock", 0.9683184)):
        answer = requests.post(
            f"{both_ways[way]}/predict?model=yolov3-tiny&format=json",
            files={"file": (name, photographs[name])},
            timeout=60,
        ).json()
        assert [one["label"] for one in answer["detections"]] == [label]
        assert answer["detections"][0]["score"] == pytest.approx(score, abs=1e-3)


@WAYS
def test_what_is_no_picture_is_415_as_in_the_tutorial(both_ways: dict[str, str], way: str) -> None:
    answer = requests.post(
        f"{both_ways[way]}/predict?model=yolov3-tiny", files={"file": ("notes.txt", b"x")}, timeout=60
    )
    assert answer.status_code == 415


def test_the_page_and_the_api_share_one_port(both_ways: dict[str, str]) -> None:
    root = both_ways["with the page"].removesuffix("/api")
    page = requests.get(root, timeout=10)
    assert "<title>Streamlit</title>" in page.text
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert requests.get(f"{root}/_stcore/health", timeout=10).text == "ok"
    assert requests.get(f"{root}/api", timeout=10).json()["docs"] == "/api/docs"
    docs = requests.get(f"{root}/api/docs", timeout=10).text
    for path in re.findall(r'(?:href|src)="([^"]+)"', docs):
        assert requests.get(f"{root}{path}", timeout=10).status_code == 200
    document = requests.get(f"{root}/api/openapi.json", timeout=10).json()
    assert document["servers"] == [{"url": "/api"}]
    # Neither Streamlit's page nor its plain text answers under /api.
    for method, path, status in (
        ("GET", "predict", 405),
        ("GET", "nope", 404),
        ("PUT", "nope", 404),
        ("GET", "a//b", 404),
        ("GET", "..%5Cx", 404),
    ):
        answer = requests.request(method, f"{root}/api/{path}", timeout=10)
        assert (answer.status_code, sorted(answer.json())) == (status, ["detail", "error", "hint"])
        assert "set-cookie" not in answer.headers


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine, so the documentation was not tried"
)
def test_somebody_tries_predict_in_the_documentation_and_opens_the_page(
    both_ways: dict[str, str], photographs: dict[str, bytes]
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page()
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(f"{both_ways['with the page']}/docs")
        route = tab.locator("#operations-pictures-predict_predict_post")
        route.get_by_role("button").first.click()
        route.get_by_role("button", name="Try it out").click()
        route.locator("tr[data-param-name=format] select").select_option("json")
        photograph: FilePayload = {
            "name": "apple.jpg",
            "mimeType": "image/jpeg",
            "buffer": photographs["apple.jpg"],
        }
        route.locator("input[type=file]").set_input_files(photograph)
        route.get_by_role("button", name="Execute").click()
        answer = route.locator(".live-responses-table")
        expect(answer.locator(".response-col_status").nth(1)).to_contain_text("200")
        expect(answer).to_contain_text('"label": "apple"')
        refused: list[str] = []  # by what the page's headers forbid: everything from elsewhere
        tab.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
        tab.goto(
            f"{both_ways['with the page'].removesuffix('/api')}/?compare=true&model_b=yolov3-tiny&fit_b=letterbox"
        )
        shown(tab)
        tab.get_by_text("Slider", exact=True).click()
        tab.get_by_role("slider", name="Share of the picture that shows A").wait_for()
        browser.close()
    assert not refused


def test_other_pages_may_show_this_one_where_they_are_listed() -> None:
    policy = server.page_headers(Http(frame_origins=("https://one.example",)))["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://one.example")


def test_a_page_that_asks_another_server_tells_browsers_the_same() -> None:
    app = server.page_with_api(Config.from_env({"DETECTOR_URL": "http://detector:8000"}))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    assert answer.headers.items() >= {k.lower(): v for k, v in server.page_headers(Http()).items()}.items()


def test_an_installed_package_without_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "__file__", str(tmp_path / "detector" / "__init__.py"))
    with pytest.raises(DetectorError, match="--api-only"):
        server.page_script()


def told(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, int, str]:
    """Host, port and kind of what would be served."""
    built: list[tuple[str, int, str]] = []

    class Server:
        def run(self) -> None: ...

    def noted(app: object, host: str, port: int, http: object) -> Server:
        built.append((host, port, str(app)))
        return Server()

    monkeypatch.setattr(server, "server", noted)
    monkeypatch.setattr(server, "api_alone", lambda config: "api")
    monkeypatch.setattr(server, "page_with_api", lambda config: "page")
    monkeypatch.setenv("DETECTOR_API_URL", "/api/")  # the command sets it, for whatever runs after
    done = CliRunner().invoke(cli, ["serve", *arguments])
    assert done.exit_code == 0, done.output
    return built[0]


def test_it_is_for_this_machine_only_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)
    assert told([], monkeypatch) == ("127.0.0.1", 8501, "page")
    assert told(["--api-only"], monkeypatch) == ("127.0.0.1", 8000, "api")
    monkeypatch.setenv("PORT", "9000")
    assert told([], monkeypatch) == ("127.0.0.1", 9000, "page")
    assert told(["--port", "0", "--host", "::1"], monkeypatch) == ("::1", 0, "page")
    monkeypatch.setenv("DOCKER-SETUP", "1")
    assert told([], monkeypatch)[0] == "0.0.0.0"


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "detector.server")
    monkeypatch.delattr(detector, "server")
    with pytest.raises(
        DetectorError, match=r"uvicorn is not installed; pip install 'object-detector\[serve\]'"
    ):
        serve_command.main(["--api-only"], standalone_mode=False)
