"""Who may come in, how often, and what every answer carries."""

import hmac
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.api.metrics import Meters
from detector.api.problems import UNEXPECTED, Problem, ProblemError, problem_of
from detector.gate import Gate

log = logging.getLogger(__name__)

KEY_HEADER = "X-API-Key"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"  # for all but the documentation, which is a page


def check_key(given: str | None, keys: tuple[str, ...]) -> None:
    """Raises ProblemError 401 unless it is one of the keys, or there are none. Takes the same time for any key."""
    matches = [hmac.compare_digest((given or "").encode(), key.encode()) for key in keys]
    if keys and not any(matches):
        detail = "the API key is not one of this server's" if given else "there is no API key"
        hint = f"send one that its owner gave you in the header {KEY_HEADER}"
        raise ProblemError(Problem(401, "no_key", detail, hint, {"WWW-Authenticate": KEY_HEADER}))


class Clients:
    """A token bucket for each client: a minute's requests at once at most, then as fast as they come back."""

    def __init__(
        self, per_minute: int, clock: Callable[[], float] = time.monotonic, most_known: int = 10_000
    ) -> None:
        self._per_minute, self._clock, self._most_known = per_minute, clock, most_known
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # requests left, and when that was

    def count(self, client: str) -> None:
        """One more request. Raises ProblemError 429 where it is one too many."""
        if not self._per_minute:
            return
        now, full = self._clock(), float(self._per_minute)
        left, then = self._left.pop(client, (full, now))
        left = min(full, left + (now - then) * full / 60)
        self._left[client] = max(left - 1, 0.0) if left >= 1 else left, now
        if len(self._left) > self._most_known:
            self._left.popitem(last=False)
        if left < 1:
            wait_s = str(math.ceil((1 - left) * 60 / full))
            detail = f"this client has sent over {self._per_minute} requests in a minute"
            hint = f"wait {wait_s} s, which Retry-After says too"
            raise ProblemError(Problem(429, "too_many_requests", detail, hint, {"Retry-After": wait_s}))


class Shell:
    """The outermost layer of the application: headers, counts, and a plain answer where our own code fails.

    Where the queue is full, who sends a picture is turned away here, before a byte of it is read: hundreds who come at
    once are told within a tenth of a second, which the way through the routes would take four times as long for.
    """

    def __init__(self, app: ASGIApp, meters: Meters, gate: Gate) -> None:
        self._app, self._meters, self._gate = app, meters, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(MutableHeaders(scope=message))
            await send(message)

        with self._meters.in_flight.track_inprogress():
            try:
                if scope["method"] == "POST" and self._gate.full:
                    await problem_of(self._gate.refusal()).response()(scope, receive, dressed)
                else:
                    await self._app(scope, receive, dressed)
            except Exception:
                log.exception("%s %s failed", scope["method"], scope["path"])
                if not status:
                    await UNEXPECTED.response()(scope, receive, dressed)
        self._meters.answered(scope, status)


def _dress(headers: MutableHeaders) -> None:
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if not headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("Content-Security-Policy", _NO_PAGE)
