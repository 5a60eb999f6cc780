"""The routes that look at pictures: read what was sent, run the work in its turn, answer."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from detector.api import answers
from detector.api.entrance import CurrentApi, OneUpload, admit, uploads
from detector.api.parameters import CompareQuery, PredictQuery, SettingsQuery, class_names
from detector.api.problems import Problem, ProblemError, problem_of
from detector.api.respond import comparison_answer, image_answer, report_answer, wants_json
from detector.api.state import Api
from detector.api.uploads import Upload, body_schema
from detector.api.work import Steps
from detector.errors import DetectorError
from detector.pictures.draw import draw
from detector.pictures.encode import encode
from detector.pipeline import Result, in_full
from detector.settings import Settings

router = APIRouter(dependencies=[Depends(admit)], responses=answers.PROBLEMS, tags=["pictures"])


@router.post(
    "/predict",
    openapi_extra=body_schema(many=False),
    responses={
        200: {"model": answers.Report, "content": {"image/jpeg": {}}, "description": "What was found."}
    },
)
async def predict(
    request: Request, api: CurrentApi, query: Annotated[PredictQuery, Query()], file: OneUpload
) -> Response:
    """Find what is in one picture: a JPEG with boxes, or JSON."""
    settings = query.settings(api.config, api.service.pool.registry)
    if wants_json(query.format, request.headers.get("accept", "")):
        result, steps = await api.run(request, partial(api.look, file, settings, query.classes))
        return JSONResponse(report_answer(result, file.name, steps.ms))
    (result, jpeg), steps = await api.run(request, partial(_drawn, api, file, settings, query.classes))
    return image_answer(jpeg, result, steps.ms)


@router.post("/predict/batch", openapi_extra=body_schema(many=True), response_model=answers.Batch)
async def predict_batch(
    request: Request,
    api: CurrentApi,
    query: Annotated[SettingsQuery, Query()],
    files: Annotated[list[Upload], Depends(uploads)],
) -> Response:
    """Find what is in many pictures, one after the other; a bad one spoils no other."""
    settings = query.settings(api.config, api.service.pool.registry)
    until = api.worker.deadline()  # of the request: each picture waits for its own turn
    items = []
    for file in files:
        work = partial(api.look, file, settings, query.classes)
        items.append({"name": file.name} | await _item(request, api, file, work, until))
    return JSONResponse({"items": items})


async def _item(request: Request, api: Api, file: Upload, work: Any, until: float) -> dict[str, Any]:
    try:
        result, steps = await api.run(request, work, until)
    except DetectorError as error:
        problem = problem_of(error)
        return {"status": problem.status, "report": None, "problem": problem.body()}
    return {"status": 200, "report": report_answer(result, file.name, steps.ms), "problem": None}


@router.post(
    "/count/{label}",
    openapi_extra=body_schema(many=False),
    response_model=answers.Count,
    responses={404: {"model": answers.Problem, "description": "The model knows no such class."}},
)
async def count(
    request: Request, api: CurrentApi, label: str, query: Annotated[SettingsQuery, Query()], file: OneUpload
) -> Response:
    """How many of one class are in the picture."""
    settings = query.settings(api.config, api.service.pool.registry)
    if label not in class_names(api.service.pool.registry.get(settings.model)):
        hint = "GET /models lists the classes of each"
        raise ProblemError(Problem(404, "no_class", f"{settings.model} knows no class {label[:100]!r}", hint))
    result, steps = await api.run(request, partial(api.look, file, settings, query.classes))
    found = result.detections.counts().get(label, 0)
    return JSONResponse(
        {"label": label, "count": found, "report": report_answer(result, file.name, steps.ms)}
    )


@router.post("/compare", openapi_extra=body_schema(many=False), response_model=answers.Comparison)
async def compare(
    request: Request, api: CurrentApi, query: Annotated[CompareQuery, Query()], file: OneUpload
) -> Response:
    """Two settings on one picture: what both find, what only one finds."""
    registry = api.service.pool.registry
    both = query.settings(api.config, registry), query.other(api.config, registry)
    (a, b), steps = await api.run(request, partial(_compared, api, file, both, query.classes))
    return JSONResponse(comparison_answer(a, b, file.name, query.iou, steps.ms))


# What follows runs in a thread, in its turn.


def _drawn(
    api: Api, file: Upload, settings: Settings, classes: Sequence[str], steps: Steps
) -> tuple[Result, bytes]:
    result, picture = api.look_and_read(file, settings, classes, steps)
    with steps.stage("draw"):
        drawn = draw(in_full(picture, file.data, api.config.limits), result.detections)
        return result, encode(drawn, ".jpg")


def _compared(
    api: Api, file: Upload, both: tuple[Settings, Settings], classes: Sequence[str], steps: Steps
) -> tuple[Result, Result]:
    a, b = (api.look(file, settings, classes, steps) for settings in both)
    return a, b
