"""The application for Ray Serve, without a Ray that runs."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed")

from detector.cluster.app import Arguments, Replica, build, sized
from detector.errors import DetectorError, EngineError, SettingsError
from detector.service import service
from detector.settings import Config, Serving, Settings
from tests.builders import use_own_model


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    use_own_model(tmp_path, monkeypatch)
    return Config.from_env(os.environ)


def test_arguments_are_numbers_or_their_text() -> None:
    assert Arguments.of({}) == Arguments(1, 1, 0)
    assert Arguments.of({"min_replicas": "2", "max_replicas": 20}) == Arguments(2, 20, 0)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"replicas": 2}, "there is no argument 'replicas'; there are min_replicas, max_replicas, cpus"),
        ({"min_replicas": "two"}, "min_replicas is 'two'; it must be a whole number"),
        ({"cpus": 0.5}, "cpus is 0.5; it must be a whole number"),
        ({"min_replicas": 0}, "min_replicas is 0; it must be 1 or more"),
        ({"min_replicas": 3, "max_replicas": 2}, "max_replicas is 2; it must be 3 or more"),
    ],
)
def test_a_wrong_argument_is_named(args: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Arguments.of(args)


@pytest.mark.parametrize(
    ("threads", "running", "cpus", "expected"),
    [(0, 0, 0, (1, 2)), (4, 0, 0, (4, 4)), (4, 0, 2, (2, 2)), (4, 7, 0, (4, 7))],
    ids=["nothing set", "threads", "argument", "running"],
)
def test_a_replica_has_as_many_threads_as_ray_counts_for_it(
    threads: int, running: int, cpus: int, expected: tuple[int, int]
) -> None:
    made = sized(Config(Settings(threads=threads), serving=Serving(max_running=running)), cpus)
    assert (made.settings.threads, made.serving.max_running) == expected


def test_ray_is_told_what_a_server_by_itself_keeps_to(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("THREADS", "3"), ("MAX_WAITING", "5"), ("MAX_ANSWER_S", "20"), ("MAX_BODY_S", "10")):
        monkeypatch.setenv(f"DETECTOR_{name}", value)
    told = build({"min_replicas": "2", "max_replicas": "6"})._bound_deployment
    scaling = told._deployment_config.autoscaling_config
    assert (scaling.min_replicas, scaling.max_replicas, scaling.target_ongoing_requests) == (2, 6, 3)
    assert told.ray_actor_options["num_cpus"] == 3
    assert (told.max_ongoing_requests, told.max_queued_requests) == (16, 5)
    assert told._deployment_config.backpressure_config.retry_after_s == 2
    assert told._deployment_config.graceful_shutdown_timeout_s == 30


def test_where_nobody_may_wait_ray_still_lets_requests_in(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECTOR_MAX_WAITING", "0")
    assert build({})._bound_deployment.max_queued_requests == 1


def test_a_replica_has_its_model_before_it_is_asked_and_a_full_queue_is_no_illness(config: Config) -> None:
    replica = Replica(config)
    assert service(config).pool.has(config.settings)
    asyncio.run(replica.check_health())
    gate = service(config).gate
    tickets = []
    while not gate.full:
        tickets.append(gate.join())
    asyncio.run(Replica(config).check_health())
    for ticket in tickets:
        gate.leave(ticket)


def test_a_replica_whose_engine_fails_is_ill(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise EngineError("it broke; look in the log")

    replica = Replica(config)
    monkeypatch.setattr("detector.api.about.detect", fail)
    with pytest.raises(EngineError, match="it broke"):
        asyncio.run(replica.check_health())


def test_a_replica_without_its_model_does_not_start(config: Config) -> None:
    config.model_folders[0].joinpath("own.weights").write_bytes(b"")
    with pytest.raises(DetectorError, match="a weights file has a header"):
        Replica(config)
