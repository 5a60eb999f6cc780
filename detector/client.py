"""Ask a server for what is in a picture, from Python.

from detector.client import Client
with Client("http://localhost:8501/api") as client:
    print(client.predict(Path("fruits.jpg").read_bytes(), confidence=0.3)["counts"])
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from detector.errors import BusyError, DetectorError, ImageError, ServerError, SettingsError, TooLargeError

Value = str | float | Sequence[str]  # of a parameter of POST /predict

_ERRORS: Mapping[int, type[DetectorError]] = {
    400: SettingsError,
    401: SettingsError,
    404: SettingsError,
    413: TooLargeError,
    415: ImageError,
    422: SettingsError,
    429: BusyError,
    503: BusyError,
}
_COME_AGAIN = (429, 503)
# A proxy, Ray's among them, says these where it lost the server behind it in the middle. To ask twice does no harm.
_LOST = (500, 502, 504)
# A server gives up a connection that nobody uses for some seconds; one that it is about to give up is not taken.
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2.0)


@dataclass(frozen=True)
class Patience:
    """How often a request is sent at most, how long an answer is waited for, and the longest pause between.

    connect_s: how long the server may take to let anybody in.
    spread: each pause is longer by up to this share of it, at random, or all who were refused together would come
    again together, and most be refused again while the server rests between.
    """

    tries: int = 4
    answer_s: float = 90.0
    longest_pause_s: float = 60.0
    connect_s: float = 10.0
    spread: float = 0.5

    @property
    def timeout(self) -> httpx.Timeout:
        """The same for the HTTP library."""
        return httpx.Timeout(self.answer_s, connect=self.connect_s)

    def pause_s(self, response: httpx.Response, sent: int) -> float | None:
        """Seconds to wait, which the server says, before it is sent again; None where the answer is final."""
        status = response.status_code
        later = status in _COME_AGAIN or (status in _LOST and _problem_in(response) is None)
        if not later or sent >= self.tries:
            return None
        asked = response.headers.get("Retry-After", "")
        pause = float(asked) if asked.isascii() and asked.isdigit() else 2.0**sent
        spread = 1 + self.spread * random.random()  # noqa: S311 # nothing is kept secret by it
        return pause * spread if pause <= self.longest_pause_s else None


class Client:
    """Methods that take a picture file's bytes take the parameters of the route by name. Threads may share it.

    All raise ImageError, SettingsError or BusyError, by the reason that the server gives, and ServerError where
    there is no server or none of ours.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._patience, self._sleep = url, patience or Patience(), sleep
        self._http = httpx.Client(
            timeout=self._patience.timeout, limits=_LIMITS, transport=transport, headers=_headers(key)
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(self, data: bytes, name: str = "picture", **settings: Value) -> dict[str, Any]:
        """What is in the picture, as JSON."""
        return _json(self._ask("POST", "predict", **_call(data, name, settings, "json")))

    def annotated(self, data: bytes, name: str = "picture", **settings: Value) -> bytes:
        """A JPEG with boxes."""
        return self._ask("POST", "predict", **_call(data, name, settings, "image")).content

    def models(self) -> dict[str, Any]:
        """The models and engines that may be asked for, as JSON."""
        return _json(self._ask("GET", "models"))

    def _ask(self, method: str, route: str, **call: Any) -> httpx.Response:
        sent = 0
        while True:
            try:
                response = self._http.request(method, _url_of(self._url, route), **call)
            except httpx.HTTPError as error:
                raise _unreachable(self._url, error) from error
            sent += 1
            pause_s = self._patience.pause_s(response, sent)
            if pause_s is None:
                return _checked(response)
            self._sleep(pause_s)


class AsyncClient:
    """The same for coroutines."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url, self._patience, self._sleep = url, patience or Patience(), sleep
        self._http = httpx.AsyncClient(
            timeout=self._patience.timeout, limits=_LIMITS, transport=transport, headers=_headers(key)
        )

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def predict(self, data: bytes, name: str = "picture", **settings: Value) -> dict[str, Any]:
        """What is in the picture, as JSON."""
        return _json(await self._ask("POST", "predict", **_call(data, name, settings, "json")))

    async def annotated(self, data: bytes, name: str = "picture", **settings: Value) -> bytes:
        """A JPEG with boxes."""
        return (await self._ask("POST", "predict", **_call(data, name, settings, "image"))).content

    async def models(self) -> dict[str, Any]:
        """The models and engines that may be asked for, as JSON."""
        return _json(await self._ask("GET", "models"))

    async def _ask(self, method: str, route: str, **call: Any) -> httpx.Response:
        sent = 0
        while True:
            try:
                response = await self._http.request(method, _url_of(self._url, route), **call)
            except httpx.HTTPError as error:
                raise _unreachable(self._url, error) from error
            sent += 1
            pause_s = self._patience.pause_s(response, sent)
            if pause_s is None:
                return _checked(response)
            await self._sleep(pause_s)


def _headers(key: str | None) -> dict[str, str]:
    return {"X-API-Key": key} if key else {}


def _url_of(url: str, route: str) -> str:
    return f"{url.rstrip('/')}/{route}"


def _call(data: bytes, name: str, settings: Mapping[str, Value], answer: str) -> dict[str, Any]:
    return {"params": {**settings, "format": answer}, "files": {"file": (name, data)}}


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    told, status = _problem_in(response), response.status_code
    if told is not None:
        raise _ERRORS.get(status, ServerError)(told)
    if status in _COME_AGAIN:
        raise BusyError(f"{response.url} answered {status}; try again in some seconds")
    raise ServerError(f"{response.url} answered {status}; is it the detector's API?")


def _problem_in(response: httpx.Response) -> str | None:
    """What the detector's API says was wrong; None where somebody else answered."""
    try:
        problem = response.json()
        return f"{problem['detail']}; {problem['hint']}"
    except (ValueError, KeyError, TypeError):
        return None


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = response.json()
    except ValueError:
        raise ServerError(f"{response.url} did not answer with JSON; is it the detector's API?") from None
    return answer


def _unreachable(url: str, error: httpx.HTTPError) -> ServerError:
    return ServerError(
        f"{url} does not answer ({str(error) or type(error).__name__}); is the server running?"
    )
