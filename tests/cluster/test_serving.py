"""The API on a Ray Serve that runs, as `detector serve` starts it, beside one that serves by itself."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from detector.cli import cli
from detector.client import Client, Patience
from detector.cluster.serving import Place, Span
from detector.errors import SettingsError
from detector.local import LocalDetector
from detector.models.assets import ignore_progress
from detector.remote import RemoteDetector
from detector.service import service
from detector.settings import Config
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, noise_picture
from tests.served import Served, served

KEY = "sesame"
PICTURE = file_bytes(Image.fromarray(noise_picture(120, 80).pixels), "PNG")
LARGE = file_bytes(Image.fromarray(noise_picture(4000, 3000).pixels), "PNG", compress_level=1)
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A small model, a key, and room for one at work and one that waits."""
    folder = tmp_path_factory.mktemp("cluster")
    model_files(folder / "insects", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    return {
        "DETECTOR_HOME": str(folder / "home"),
        "DETECTOR_MODEL_FOLDERS": str(folder / "insects"),
        "DETECTOR_MODEL": "insects",
        "DETECTOR_CONFIDENCE": "0.1",
        "DETECTOR_API_KEYS": KEY,
        "DETECTOR_MAX_RUNNING": "1",
        "DETECTOR_MAX_WAITING": "1",
    }


@pytest.fixture(scope="module")
def on_ray(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Served]:
    """One replica. At the end it was told to stop: what it had in hand was answered, and nothing of it is left."""
    log = tmp_path_factory.mktemp("log") / "ray"
    words = ("--api-only", "--runner", "ray", "--replicas", "1")
    with ThreadPoolExecutor(1) as pool, served(log, environment, *words) as one:
        yield one
        started = processes_under(one.process.pid)
        last = pool.submit(asked_for_many, one.url)
        time.sleep(0.5)
        assert not last.done()
    assert [item["status"] for item in last.result().json()["items"]] == [200] * 8
    assert one.process.returncode == 0, log.read_text()
    assert started
    assert [name for pid, name in started.items() if Path(f"/proc/{pid}").exists()] == []


def processes_under(pid: int) -> dict[int, str]:
    """Every process that came from it, with its command."""
    parents, names = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            child = int(folder.name)
            parents[child] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            names[child] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended in between
    found: dict[int, str] = {}
    fresh = [pid]
    while fresh:
        fresh = [child for child, parent in parents.items() if parent in fresh]
        found |= {child: names[child] for child in fresh}
    return found


def replicas(one: Served) -> list[int]:
    return [
        pid for pid, name in processes_under(one.process.pid).items() if name.startswith("ray::ServeReplica")
    ]


def asked(url: str, data: bytes = PICTURE, key: str = KEY, **parameters: str) -> httpx.Response:
    params = {"format": "json", **parameters}
    files, headers = {"file": ("blobs.png", data)}, {"X-API-Key": key}
    return httpx.post(f"{url}/predict", params=params, files=files, headers=headers, timeout=60)


def asked_for_many(url: str) -> httpx.Response:
    """A batch that takes some seconds."""
    files = [("file", ("blobs.png", LARGE))] * 8
    return httpx.post(f"{url}/predict/batch", files=files, headers={"X-API-Key": KEY}, timeout=60)


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "time_ms"}


@needs_ray
def test_it_answers_as_a_server_by_itself_does(
    on_ray: Served, environment: dict[str, str], tmp_path: Path
) -> None:
    with served(tmp_path / "log", environment, "--api-only") as alone:
        here, there = asked(alone.url), asked(on_ray.url)
        assert here.json()["detections"]
        assert without_times(there.json()) == without_times(here.json())
        for odd in (
            {"data": b"no picture"},
            {"data": b""},
            {"key": ""},
            {"key": "guess"},
            {"format": "image"},
            {"nms": "2"},
        ):
            here, there = asked(alone.url, **odd), asked(on_ray.url, **odd)
            assert (there.status_code, there.content) == (here.status_code, here.content), odd
        for path in ("/", "/openapi.json", "/models", "/nothing"):
            here, there = (
                httpx.get(url + path, headers={"X-API-Key": KEY}) for url in (alone.url, on_ray.url)
            )
            assert (there.status_code, there.json()) == (here.status_code, here.json()), path
            assert there.headers["X-Content-Type-Options"] == "nosniff"


@needs_ray
def test_the_page_gets_from_it_what_it_would_find_by_itself(
    on_ray: Served, environment: dict[str, str]
) -> None:
    config = Config.from_env({**environment, "DETECTOR_URL": on_ray.url, "DETECTOR_URL_KEY": KEY})
    there = RemoteDetector.of(config)
    here = LocalDetector(service(config).pool, config.limits, config.settings)
    assert there.offer().models == here.offer().models
    found, expected = (
        one.open(config.settings, ignore_progress).look(PICTURE).detections for one in (there, here)
    )
    assert len(expected)
    assert found.labels == expected.labels
    assert np.array_equal(found.scores, expected.scores)
    assert np.array_equal(found.boxes, expected.boxes)


@needs_ray
def test_a_full_queue_says_when_to_come_again_and_everybody_is_answered_in_the_end(on_ray: Served) -> None:
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: asked(on_ray.url, LARGE), range(24)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert 0 < len(refused) < 24
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    with Client(on_ray.url, KEY, Patience(tries=20)) as client, ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(lambda _: client.predict(LARGE), range(16)))
    assert all(report["image"]["width"] == 4000 for report in reports)


@needs_ray
def test_a_killed_replica_is_replaced_and_no_request_is_lost(on_ray: Served) -> None:
    (before,) = replicas(on_ray)
    expected = asked(on_ray.url).json()["detections"]
    until = time.monotonic() + 4

    def ask_on(_: int) -> list[Any]:
        answers = []
        while time.monotonic() < until:
            answers.append(client.predict(PICTURE, format="json")["detections"])
        return answers

    with Client(on_ray.url, KEY, Patience(tries=20)) as client, ThreadPoolExecutor(4) as pool:
        rounds = pool.map(ask_on, range(4))
        time.sleep(1)
        os.kill(before, signal.SIGKILL)
        answers = [answer for answered in rounds for answer in answered]
    assert len(answers) > 20
    assert all(answer == expected for answer in answers)
    assert replicas(on_ray) not in ([], [before])


@pytest.mark.parametrize(("text", "span"), [(None, (1, None)), ("2", (2, 2)), ("1-4", (1, 4))])
def test_replicas_are_a_number_or_two(text: str | None, span: tuple[int, int | None]) -> None:
    assert Span.of(text) == Span(*span)


@pytest.mark.parametrize("text", ["", "0", "-1", "3-2", "1-", "1-2-3", "many", "²"])
def test_other_replicas_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--replicas is "):
        Span.of(text)


def test_without_a_most_it_is_what_there_are_processors_for() -> None:
    assert Span.of(None).within(cpus=8, each=2) == Span(1, 4)
    assert Span.of(None).within(cpus=1, each=2) == Span(1, 1)
    assert Span.of("2-3").within(cpus=8, each=2) == Span(2, 3)


def test_ray_serves_at_a_port_that_is_known_before() -> None:
    with pytest.raises(SettingsError, match="--port is 0"):
        Place("127.0.0.1", 0)


def test_a_port_that_is_taken_is_told_by_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=f"nothing can be served at 127.0.0.1 port {port}: Address already"
        ):
            Place("127.0.0.1", port).check()
    Place("127.0.0.1", port).check()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--runner", "ray"], "--runner ray serves the API alone: add --api-only"),
        (["--api-only", "--replicas", "2"], "--replicas goes with --runner ray"),
    ],
)
def test_what_does_not_go_together_is_misuse(words: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["serve", *words])
    assert done.exit_code == 2
    assert said in done.output
