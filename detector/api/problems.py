"""What went wrong -> status and body: one shape on every route, and the one place where a class becomes a status."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from detector.errors import (
    COME_AGAIN_S,
    BusyError,
    DetectorError,
    EngineError,
    ImageError,
    ModelError,
    SettingsError,
    TooLargeError,
    UnavailableError,
)

log = logging.getLogger(__name__)

LONGEST_RETRY_S = 60


@dataclass(frozen=True)
class Problem:
    """One answer that is no success.

    error: a word for programs. detail: what was wrong, with which input. hint: what to do.
    """

    status: int
    error: str
    detail: str
    hint: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, str]:
        """The shape that every route answers with."""
        return {"error": self.error, "detail": self.detail, "hint": self.hint}

    def response(self) -> Response:
        """The same, to send."""
        return JSONResponse(self.body(), self.status, dict(self.headers))


class ProblemError(DetectorError):
    """A problem that only HTTP has."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.detail}; {problem.hint}")
        self.problem = problem


_STATUS: Mapping[type[DetectorError], tuple[int, str]] = {
    TooLargeError: (413, "too_large"),
    ImageError: (415, "no_picture"),
    SettingsError: (422, "bad_parameter"),
    ModelError: (422, "bad_parameter"),
    EngineError: (422, "bad_parameter"),
    BusyError: (503, "busy"),
    UnavailableError: (503, "model_unavailable"),
}
_WORDS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
UNEXPECTED = Problem(
    500, "unexpected", "the server failed on this request", "the reason is in its log; tell whoever runs it"
)
GONE = Problem(400, "gone", "the client went away before its request was read", "send it again")


def problem_of(error: DetectorError) -> Problem:
    """Status by class; the sentence is cut where it turns from what was wrong to what to do."""
    if isinstance(error, ProblemError):
        return error.problem
    known = next((kind for kind in type(error).__mro__ if kind in _STATUS), None)
    if known is None:
        log.error("%s has no status: %s", type(error).__name__, error)
        return UNEXPECTED
    status, word = _STATUS[known]
    detail, _, hint = str(error).partition("; ")
    headers = {"Retry-After": str(_retry_after_s(error))} if status == 503 else {}
    return Problem(status, word, detail, hint or "see /docs for what may be sent", headers)


def _retry_after_s(error: DetectorError) -> int:
    wanted = error.come_again_s if isinstance(error, BusyError) else COME_AGAIN_S
    return max(1, min(math.ceil(wanted), LONGEST_RETRY_S))


def answer_in_one_shape(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(DetectorError, _on_detector_error)
    app.add_exception_handler(RequestValidationError, _on_bad_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(ClientDisconnect, _on_gone)


# Exceptions come in by class, so each handler knows its own; Starlette's type says only Exception.
async def _on_detector_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DetectorError)
    return problem_of(error).response()


async def _on_bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details, hints = zip(*(_told(one) for one in error.errors()), strict=True)
    return Problem(422, "bad_parameter", "; ".join(details), "; ".join(dict.fromkeys(hints))).response()


def _told(error: Any) -> tuple[str, str]:
    name = ".".join(str(part) for part in error["loc"][1:])
    if error["type"] == "extra_forbidden":
        return f"there is no parameter {name[:100]!r}", "see /docs for the parameters of this route"
    return f"{name} is {str(error.get('input'))[:100]!r}", error["msg"]


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    word = _WORDS.get(error.status_code, "http_error")
    detail = f"{request.method} {request.url.path[:200]}: {error.detail}"
    root = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    hint = f"see {root}/docs for the routes and their methods"
    return Problem(error.status_code, word, detail, hint, error.headers or {}).response()


async def _on_gone(request: Request, error: Exception) -> Response:
    return GONE.response()  # nobody reads it; without it the log would have a trace for each
