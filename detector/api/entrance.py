"""What a request passes before its route: who it is, whether there is room, and its files."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from detector.api.guard import KEY_HEADER, check_key
from detector.api.problems import Problem, ProblemError
from detector.api.state import Api
from detector.api.uploads import Upload, read_uploads


async def current(request: Request) -> Api:
    """What this application has for its requests. Not waited for, but what is not async takes a thread."""
    api: Api = request.app.state.api
    return api


CurrentApi = Annotated[Api, Depends(current)]
_key = APIKeyHeader(name=KEY_HEADER, auto_error=False, description="Only where the server asks for one.")


async def admit(request: Request, api: CurrentApi, key: Annotated[str | None, Security(_key)]) -> None:
    """Who has no key, or has asked too often, goes no further."""
    check_key(key, api.config.http.api_keys)
    address = request.client.host if request.client else ""
    api.clients.count(key if api.config.http.api_keys and key else address)


async def uploads(request: Request, api: CurrentApi) -> AsyncIterator[list[Upload]]:
    """The files of the form."""
    with api.held.share() as take:
        yield await read_uploads(request, api.config.http, api.config.http.max_files, take)


async def upload(files: Annotated[list[Upload], Depends(uploads)]) -> Upload:
    """The one file of the form."""
    if len(files) > 1:
        hint = "send one, or all to /predict/batch"
        raise ProblemError(Problem(413, "too_many", f"the form has {len(files)} files", hint))
    return files[0]


OneUpload = Annotated[Upload, Depends(upload)]
