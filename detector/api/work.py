"""A request's way to the processor: a place in the queue, a thread, a deadline, and out when nobody waits."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from detector.errors import BusyError
from detector.gate import Gate, Ticket

T = TypeVar("T")


class Steps:
    """Times each stage of one piece of work, and ends it between two of them once nobody waits for it."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self.abandoned = False

    def go_on(self) -> None:
        """Raises BusyError once nobody waits."""
        if self.abandoned:
            raise BusyError("nobody waits for this any more")

    def add(self, name: str, ms: float) -> None:
        """So many milliseconds more under that name."""
        self.ms[name] = round(self.ms.get(name, 0.0) + ms, 2)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block, unless nobody waits for it."""
        self.go_on()
        start = time.perf_counter()
        yield
        self.add(name, 1000 * (time.perf_counter() - start))


class Worker:
    """Runs work in threads, as much at once as the gate lets in."""

    def __init__(self, gate: Gate, max_wait_s: float, max_answer_s: float) -> None:
        self.gate, self.max_wait_s, self.max_answer_s = gate, max_wait_s, max_answer_s
        self._threads = ThreadPoolExecutor(gate.most_running, thread_name_prefix="detector")

    def deadline(self) -> float:
        """The loop's time by which a request that has just been read is answered."""
        return _now() + self.max_answer_s

    async def run(self, request: Request, work: Callable[[Steps], T], until: float) -> tuple[T, Steps]:
        """What `work` gives, and the time of the stages that it names, of "wait" and of "total".

        Raises BusyError where the queue is full or the loop's time is `until`, ClientDisconnect where nobody waits.
        """
        steps, start, ticket = Steps(), time.perf_counter(), self.gate.join()
        gone = asyncio.ensure_future(_gone(request))
        try:
            running = await self._start(ticket, work, steps, gone, until)
            result = await _first(running, gone, until - _now())
        finally:
            steps.abandoned = True
            gone.cancel()
        steps.add("total", 1000 * (time.perf_counter() - start))
        return result, steps

    async def _start(
        self, ticket: Ticket, work: Callable[[Steps], T], steps: Steps, gone: "Task", until: float
    ) -> "asyncio.Future[T]":
        try:
            with steps.stage("wait"):
                wait_s = min(self.max_wait_s, until - _now())
                await _first(asyncio.wrap_future(ticket.turn), gone, wait_s)
            running = self._threads.submit(work, steps)
        except BaseException:
            self.gate.leave(ticket)
            raise
        # The place is free when the thread is, not when its client goes: nothing ends a thread from outside.
        running.add_done_callback(lambda _: self.gate.leave(ticket))
        return asyncio.wrap_future(running)


Task = asyncio.Future[None]


async def _gone(request: Request) -> None:
    """Returns when the client has closed the connection. The body has been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _first(future: "asyncio.Future[T]", gone: Task, seconds: float) -> T:
    """The future's result, unless the client goes away or the time is up before."""
    either: set[asyncio.Future[Any]] = {future, gone}
    await asyncio.wait(either, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
    if future.done():
        return future.result()
    future.cancel()
    if gone.done():
        raise ClientDisconnect
    raise BusyError(f"no answer within {max(0.0, seconds):.0f} s; try again later, or send less")


def _now() -> float:
    return asyncio.get_running_loop().time()
