"""The routes that tell about the server: that it works, whether it is ready, what it can run, how it is doing."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response

import detector
from detector.api import answers
from detector.api.entrance import CurrentApi, admit
from detector.api.state import Api, engine_for
from detector.api.work import Steps
from detector.engines.catalog import ENGINES
from detector.errors import ModelError, UnavailableError
from detector.pipeline import detect
from detector.pool import GREY

open_router = APIRouter(tags=["server"])  # for load balancers and people, who have no key
router = APIRouter(tags=["server"], dependencies=[Depends(admit)])


@open_router.get("/", response_model=answers.Greeting)
async def greet(request: Request) -> dict[str, str]:
    """That it works, and where to go on."""
    docs = f"{request.scope.get('root_path', '')}/docs"
    message = f"The detector is up. What it can be asked is described at {docs}."
    return {"message": message, "docs": docs, "version": detector.__version__}


@open_router.head("/healthz", include_in_schema=False)
@open_router.get("/healthz", response_model=answers.Health)
async def healthz() -> dict[str, str]:
    """That the process answers; says nothing about models."""
    return {"status": "ok", "version": detector.__version__}


@open_router.head("/readyz", include_in_schema=False)
@open_router.get(
    "/readyz",
    response_model=answers.Health,
    responses={503: answers.PROBLEMS[503]},
)
async def readyz(request: Request, api: CurrentApi) -> dict[str, str]:
    """That a small picture has just been detected in, in its turn."""
    api.starter.begin()
    if not api.starter.ready:
        raise UnavailableError(f"{api.config.settings.model} is being loaded; ask again in some seconds")
    await api.run(request, lambda steps: _try(api, steps))
    return {"status": "ready", "version": detector.__version__}


def _try(api: Api, steps: Steps) -> None:
    with steps.stage("ready"):
        detect(GREY, engine_for(api.service, api.config.settings), api.config.settings)


@router.get(
    "/models",
    response_model=answers.Models,
    responses={status: answers.PROBLEMS[status] for status in (401, 429, 503)},
)
async def models(request: Request, api: CurrentApi) -> dict[str, Any]:
    """The models and engines that may be asked for."""
    described, _ = await api.run(request, lambda steps: _described(api))
    defaults = api.config.settings
    engines = [entry.name for entry in ENGINES if entry.problem() is None]
    return {
        "models": described,
        "engines": engines,
        "default_model": defaults.model,
        "default_engine": defaults.engine,
    }


def _described(api: Api) -> list[dict[str, Any]]:
    """Each model; one of one's own whose files are broken is left out, since it cannot be asked for."""
    pool, settings, told = api.service.pool, api.config.settings, []
    for model in pool.registry.models:
        try:
            here = model.where(pool.store) is not None  # verified, which takes its time: hence in its turn
            told.append(
                {
                    "name": model.name,
                    "size_bytes": model.size_bytes,
                    "here": here,
                    "loaded": pool.has(replace(settings, model=model.name)),
                    "classes": model.class_names,
                }
            )
        except ModelError:
            continue
    return told


@router.get("/metrics", response_class=PlainTextResponse, responses={401: answers.PROBLEMS[401]})
async def metrics(api: CurrentApi) -> Response:
    """For Prometheus: requests, time by stage, the queue, what is in flight, model loads."""
    text, content_type = api.meters.text()
    return Response(text, headers={"Content-Type": content_type})
