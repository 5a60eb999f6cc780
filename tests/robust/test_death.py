"""Inference that fails, and a server that is killed: it says so, and never hangs."""

import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from detector.api.app import build_api
from detector.client import Client
from detector.errors import ServerError
from detector.gate import Gate
from detector.service import Service
from detector.settings import Config, Settings
from detector.stopwatch import Stopwatch
from detector.values import Detections, Picture
from tests.api.conftest import form, picture_bytes
from tests.api.servers import HeldEngine, HeldPool, running
from tests.api.test_problems import problem
from tests.builders import use_own_model
from tests.served import free_port, served

pytestmark = [pytest.mark.robust, pytest.mark.filterwarnings("default")]


class FailingEngine(HeldEngine):
    """Lets out whatever its framework raises, until it is mended."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.go.set()
        self.error: Exception | None = error

    def detect(self, picture: Picture, settings: Settings, /, watch: Stopwatch | None = None) -> Detections:
        if self.error:
            raise self.error
        return super().detect(picture, settings, watch)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("std::bad_alloc at /home/somebody")], ids=repr)
def test_a_failing_engine_is_said_by_readyz_and_costs_nobody_a_place(error: Exception) -> None:
    engine = FailingEngine(error)
    gate = Gate(2, 2)
    with running(build_api(Service(Config(), HeldPool(engine), gate))) as url:
        for _ in range(8):
            told = problem(httpx.post(f"{url}/predict", files=form()), 503)
            assert "failed" in told["detail"]
            assert "somebody" not in str(told)
        problem(httpx.get(f"{url}/readyz"), 503)
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert (gate.running, gate.waiting) == (0, 0)
        engine.error = None
        assert httpx.get(f"{url}/readyz").status_code == 200
        assert httpx.post(f"{url}/predict", files=form()).status_code == 200


def predicted(url: str) -> list[str]:
    with Client(url) as client:
        return [one["label"] for one in client.predict(picture_bytes())["detections"]]


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_server_that_is_killed_ends_at_once_and_its_supervisor_can_start_it_again(
    by: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "0.1")
    port = free_port()
    with ThreadPoolExecutor(8) as threads:
        with served(tmp_path / "log", {}, "--api-only", port=port) as one:
            before = predicted(one.url)
            asking: list[Future[list[str]]] = [threads.submit(_until_it_dies, one.url) for _ in range(8)]
            time.sleep(0.5)
            one.process.send_signal(by)
            assert one.process.wait(10) == -by
            for ended in asking:
                with pytest.raises(ServerError, match="does not answer"):
                    ended.result(10)
        with served(tmp_path / "log", {}, "--api-only", port=port) as again:
            assert predicted(again.url) == before


def _until_it_dies(url: str) -> list[str]:
    while True:
        predicted(url)
