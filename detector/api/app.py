"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

import detector
from detector.api import about, routes
from detector.api.guard import KEY_HEADER, Shell
from detector.api.parameters import FIELDS, every_class, most_side
from detector.api.problems import answer_in_one_shape
from detector.api.respond import COUNTS_HEADER, TIMING_HEADER
from detector.api.state import Api
from detector.engines.catalog import ENGINES
from detector.service import Service

_ABOUT = "Send a picture, get what YOLOv3 finds in it: as a JPEG with boxes, or as JSON."


def build_api(service: Service) -> FastAPI:
    """The HTTP API on that service. It loads the default model when it starts, or at the first `GET /readyz`."""
    api = Api.of(service)
    # Its documentation page takes script and style from this server, so that it works without the internet.
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        title="Object detection",
        description=_ABOUT,
        version=detector.__version__,
        lifespan=_lifespan,
    )
    app.state.api = api
    answer_in_one_shape(app)
    for router in (routes.router, about.open_router, about.router):
        app.include_router(router)
    app.add_middleware(Shell, meters=api.meters, gate=service.gate)
    if origins := service.config.http.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=[KEY_HEADER],
            expose_headers=[COUNTS_HEADER, TIMING_HEADER, "Retry-After"],
        )
    _document(app, api)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.api.starter.begin()
    yield


def _document(app: FastAPI, api: Api) -> None:
    """Write this server's own models, classes, engines and defaults into the OpenAPI document, when it is made."""
    plain = app.openapi

    def with_choices() -> dict[str, Any]:
        if app.openapi_schema is None:
            for operation in _operations(plain()):
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] |= _choices(parameter["name"], api)
                if not api.config.http.api_keys:
                    operation.pop("security", None)
        return plain()

    app.openapi = with_choices  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def _choices(name: str, api: Api) -> dict[str, Any]:
    """What this server takes where nothing is said, and the values that there are."""
    registry, settings = api.service.pool.registry, vars(api.config.settings)
    name = name.removesuffix("_b")
    choices: dict[str, dict[str, Any]] = {
        "model": {"enum": list(registry.names)},
        "engine": {"enum": [entry.name for entry in ENGINES if entry.problem() is None]},
        "side": {"maximum": most_side(api.config)},
        "classes": {"items": {"type": "string", "enum": list(every_class(registry))}},
    }
    default = settings.get(FIELDS.get(name, name))
    return choices.get(name, {}) | ({} if default is None else {"default": default})
