"""The API on Ray Serve: the same application as `detector serve --api-only`, in replicas.

serve run detector.cluster.app:build min_replicas=1 max_replicas=4
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import httpx
from fastapi import FastAPI
from ray import serve
from ray.serve import Application

from detector.errors import COME_AGAIN_S, EngineError, SettingsError
from detector.server import api_alone
from detector.service import service
from detector.settings import Config

LOOKS_EVERY_S = 5  # a dead replica is found so late at most; each look takes an inference


@dataclass(frozen=True)
class Arguments:
    """How many replicas there are, and how large each is.

    min_replicas, max_replicas: Ray keeps as many as there is work for, between these.
    cpus: processors for each, and threads of its engine; 0 takes DETECTOR_THREADS, or one where that is not set.
    """

    min_replicas: int = 1
    max_replicas: int = 1
    cpus: int = 0

    def __post_init__(self) -> None:
        for name, least in (("min_replicas", 1), ("max_replicas", self.min_replicas), ("cpus", 0)):
            value = getattr(self, name)
            if value < least:
                raise SettingsError(f"{name} is {value}; it must be {least} or more")

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> "Arguments":
        """From whole numbers or their text, by name. Raises SettingsError."""
        known = [field.name for field in fields(cls)]
        for name, value in args.items():
            if name not in known:
                raise SettingsError(f"there is no argument {name!r}; there are {', '.join(known)}")
            if not str(value).isdecimal():
                raise SettingsError(f"{name} is {value!r}; it must be a whole number")
        return cls(**{name: int(value) for name, value in args.items()})


def build(args: dict[str, Any]) -> Application:
    """For `serve run` and Ray's own files: the settings are read here, from the environment, for all replicas.

    Raises SettingsError.
    """
    return application(Config.from_env(os.environ), Arguments.of(args))


def application(config: Config, arguments: Arguments) -> Application:
    """Replicas that are set up like this. What a server by itself would take and hold, each of them does."""
    config = sized(config, arguments.cpus)
    serving, http = config.serving, config.http
    own_queue = serving.max_running + serving.max_waiting
    deployment = serve.deployment(
        name="api",
        ray_actor_options={"num_cpus": config.settings.threads},
        autoscaling_config={
            "min_replicas": arguments.min_replicas,
            "max_replicas": arguments.max_replicas,
            "target_ongoing_requests": serving.max_running,
        },
        # Its own queue is kept by the application, which refuses in its own words; as many again may be on their
        # way in or out, so that slow uploads keep nobody from it. What is beyond waits in Ray's proxy.
        max_ongoing_requests=2 * own_queue,
        max_queued_requests=max(1, serving.max_waiting),  # at 0 Ray refuses everybody
        backpressure_config={"status_code": 503, "retry_after_s": COME_AGAIN_S},
        health_check_period_s=LOOKS_EVERY_S,
        health_check_timeout_s=http.max_answer_s,
        graceful_shutdown_timeout_s=http.max_body_s + http.max_answer_s,
    )
    return deployment(serve.ingress()(Replica)).bind(config)


def sized(config: Config, cpus: int) -> Config:
    """As many threads as Ray counts for a replica, and one picture in work for each, two at least."""
    cpus = cpus or config.settings.threads or 1
    return replace(
        config,
        settings=replace(config.settings, threads=cpus),
        serving=replace(config.serving, max_running=config.serving.max_running or max(2, cpus)),
    )


class Replica:
    """One process with the application. It is asked for nothing before its model is loaded."""

    def __init__(self, config: Config) -> None:
        """Raises DetectorError where the model cannot be had; Ray says so, and tries again some times."""
        service(config).pool.get(config.settings)
        self._api = api_alone(config)
        # Ray ends a look that takes too long.
        transport, wait_s = httpx.ASGITransport(self._api), config.http.max_answer_s
        self._http = httpx.AsyncClient(transport=transport, base_url="http://replica", timeout=wait_s)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Ray's name for what makes the application."""
        return self._api

    async def check_health(self) -> None:
        """As GET /readyz; a full queue is no illness. Raises EngineError, after some of which Ray puts another here."""
        answer = await self._http.get("/readyz")
        if not answer.is_success and answer.json()["error"] != "busy":
            raise EngineError(answer.json()["detail"])
