"""A request's body -> the files in it, in memory, within the limits of size and time."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import anyio
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from detector.api.problems import Problem, ProblemError
from detector.errors import BusyError, ImageError
from detector.pictures import FORMAT_OF_SUFFIX
from detector.pictures.decode import USE_INSTEAD
from detector.pictures.foreign import describe
from detector.settings import Http

FIELD = "file"  # as in the tutorial
PICTURE_SUFFIXES = (*FORMAT_OF_SUFFIX, ".gif", ".jfif")
_MULTIPART = "multipart/form-data"


Take = Callable[[int], None]


class Held:
    """The memory that all bodies share. A stalled upload takes none of it, so it keeps nobody else out."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._now = most_bytes, 0

    @contextmanager
    def share(self) -> Iterator[Take]:
        """For one request: a function that takes bytes, or raises BusyError; all are given back at the end."""
        mine = 0

        def take(size: int) -> None:
            nonlocal mine
            if self._now + size > self._most:
                raise BusyError("the server holds as many uploads as it can; try again in some seconds")
            mine, self._now = mine + size, self._now + size

        try:
            yield take
        finally:
            self._now -= mine


@dataclass(frozen=True)
class Upload:
    """One file as it was sent. The name is only ever shown: nothing is opened or written by it."""

    name: str
    data: bytes

    @property
    def shown(self) -> str:
        """The name in a sentence."""
        return repr(self.name[:100])

    def check_name(self) -> None:
        """Raises ImageError where the name is that of no picture; what is known by its content is refused by that."""
        suffix = PurePath(self.name).suffix
        if suffix and suffix.lower() not in PICTURE_SUFFIXES and not describe(self.data):
            raise ImageError(f"{self.shown} is not the name of a picture; {USE_INSTEAD}")


async def read_uploads(request: Request, http: Http, most: int, take: Take) -> list[Upload]:
    """The files in the field `file`, one to `most` of them.

    Raises ProblemError (400, 408, 413, 415 or 422), and BusyError where `take` does.
    """
    if not request.headers.get("content-type", "").lower().startswith(_MULTIPART):
        raise _problem(415, "no_form", "the body is not multipart/form-data", _SEND)
    try:
        # wait_for would make a task: of hundreds who come at once all would be read before one has joined the queue.
        with anyio.fail_after(http.max_body_s):
            uploads = await _parse(request, http, most, take)
    except TimeoutError:
        detail = f"the body did not arrive within {http.max_body_s:g} s"
        # What is still to come is not waited for.
        raise _problem(408, "too_slow", detail, "send it again", connection="close") from None
    except MultiPartException as error:
        raise _problem(400, "bad_form", error.message, _SEND) from None
    if not uploads:
        raise _problem(422, "no_file", f"the form has no file in its field {FIELD!r}", _SEND)
    if len(uploads) > most:
        raise _problem(413, "too_many", f"the form has {len(uploads)} files", f"send {most} at most")
    return uploads


class _InMemory(MultiPartParser):
    spool_max_size = 0  # without a limit; the body has one, and nothing of a request is written to disk


async def _parse(request: Request, http: Http, most: int, take: Take) -> list[Upload]:
    body = _counted(request, http.max_body_bytes, take)
    form = await _InMemory(request.headers, body, max_files=most + 1, max_fields=20).parse()
    try:
        files = [file for file in form.getlist(FIELD) if isinstance(file, UploadFile)]
        return [Upload(file.filename or "", await file.read()) for file in files]
    finally:
        await form.close()


async def _counted(request: Request, most_bytes: int, take: Take) -> AsyncGenerator[bytes, None]:
    """The body as it comes. FastAPI's own max_body_size would answer in plain text, not in the one shape."""
    declared = request.headers.get("content-length", "")
    total = int(declared) if declared.isascii() and declared.isdigit() else 0
    seen = 0
    if total <= most_bytes:
        async for chunk in request.stream():
            seen += len(chunk)
            if seen > most_bytes:
                break
            take(len(chunk))
            yield chunk
    if max(total, seen) > most_bytes:
        hint = f"send {most_bytes:,} bytes at most"
        raise _problem(413, "too_large", f"the body has over {most_bytes:,} bytes", hint)


_SEND = f"send a form with the picture in its field {FIELD!r}: curl -F {FIELD}=@picture.jpg URL"


def _problem(status: int, word: str, detail: str, hint: str, **headers: str) -> ProblemError:
    return ProblemError(Problem(status, word, detail, hint, headers))


def body_schema(many: bool) -> dict[str, Any]:
    """The request's body for the OpenAPI document, since the body is read here and not by FastAPI."""
    one = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    file = {"type": "array", "items": one, "minItems": 1} if many else one
    schema = {"type": "object", "required": [FIELD], "properties": {FIELD: file}}
    return {"requestBody": {"required": True, "content": {_MULTIPART: {"schema": schema}}}}
