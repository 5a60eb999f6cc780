"""The servers: the API alone, or the page with the API under /api, in one process on one port."""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import LOGGING_CONFIG

import detector
from detector.api.app import build_api
from detector.errors import DetectorError
from detector.service import service
from detector.settings import Config, Http

ROOT = "/api"


def api_alone(config: Config) -> FastAPI:
    """The tutorial's server: /, /predict and /docs at the root."""
    return build_api(service(config))


def page_with_api(config: Config) -> ASGIApp:
    """The page at /, the API under /api; both have the same engines and stand in the same queue.

    A page that asks another server has no API beside it.
    """
    import streamlit as st

    dressed = Middleware(Dressed, headers=page_headers(config.http))
    if config.page.url:
        alone: ASGIApp = st.App(page_script(), middleware=[dressed])
        return alone
    api = api_alone(config)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with api.router.lifespan_context(api):  # it has no server of its own that would start it
            yield

    # In front of Streamlit's own layers, which would answer some paths under /api with text or with the page.
    under = Middleware(Under, api=api)
    app: ASGIApp = st.App(page_script(), lifespan=lifespan, middleware=[under, dressed])
    return app


class Under:
    """What is asked under /api goes to the API, everything else to the page."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._page, self._api = app, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and (path == ROOT or path.startswith(f"{ROOT}/")):
            inside = {**scope, "root_path": scope.get("root_path", "") + ROOT}
            await self._api(inside, receive, send)
        else:
            await self._page(scope, receive, send)


class Dressed:
    """The page, whose answers get headers of ours."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._page, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._page(scope, receive, dressed)


def page_headers(http: Http) -> dict[str, str]:
    """What a browser is told to refuse on the page: scripts, pictures and connections from or to anywhere else.

    Streamlit's own page has scripts within it, and its charts compile theirs.
    """
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "worker-src": "'self' blob:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(("'self'", *http.frame_origins)),
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    }


def page_script() -> Path:
    """The page, which lies beside the package in a checkout. Raises DetectorError where it does not."""
    script = Path(detector.__file__).parent.parent / "streamlit_app.py"
    if not script.is_file():
        raise DetectorError(
            "the page is not part of the installed package; serve with --api-only, or from a checkout"
        )
    return script


def server(app: ASGIApp, host: str, port: int, http: Http) -> uvicorn.Server:
    """Ready to run. When it is told to stop it takes nothing new and finishes what it has, within its deadlines."""
    # Streamlit, which only the page imports, logs what uvicorn does by itself: each line would come twice.
    log_config = LOGGING_CONFIG if isinstance(app, FastAPI) else None
    patience_s = math.ceil(http.max_body_s + http.max_answer_s)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            ws="websockets-sansio",  # the page's; the older kind warns that it is deprecated
            timeout_graceful_shutdown=patience_s,
            server_header=False,
            log_config=log_config,
        )
    )
