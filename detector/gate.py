"""The way in for many at once: some run, some wait in a queue, the rest are turned away at once."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock

from detector.errors import BusyError

_WEIGHT = 0.2  # of the newest turn in the mean


@dataclass(frozen=True, eq=False)
class Ticket:
    """A place in the queue; `turn` is done when its holder may run."""

    turn: "Future[None]" = field(default_factory=Future)


class Gate:
    """At most `most_running` hold a turn; up to `most_waiting` wait for theirs, first come, first served.

    A thread waits with `ticket.turn.result(seconds)`, a coroutine with `asyncio.wrap_future(ticket.turn)`.
    Whoever joined must `leave`, whether the turn came or not.
    """

    def __init__(
        self, most_running: int, most_waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most_running, self.most_waiting, self._clock = most_running, most_waiting, clock
        self._lock = Lock()
        self._running: dict[Ticket, float] = {}  # when its turn came
        self._queue: deque[Ticket] = deque()
        self._turn_s = 0.0  # what one took lately

    @property
    def running(self) -> int:
        """How many hold a turn."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many wait for theirs."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether whoever joins now is turned away."""
        return len(self._running) >= self.most_running and len(self._queue) >= self.most_waiting

    def join(self) -> Ticket:
        """A turn, or a place at the end of the queue. Raises BusyError where the queue is full."""
        ticket = Ticket()
        with self._lock:
            if self.full:
                raise self.refusal()
            self._queue.append(ticket)
            self._let_in()
        return ticket

    def refusal(self) -> BusyError:
        """What who comes too late is told: how many wait, and when these will have had their turns."""
        waiting = len(self._queue)
        drained_s = self._turn_s * (waiting + 1) / self.most_running
        return BusyError(f"{waiting} are waiting already; try again in some seconds", drained_s)

    def ahead(self, ticket: Ticket) -> int:
        """How many wait before this one; 0 when it is next or has its turn."""
        with self._lock:
            return self._queue.index(ticket) if ticket in self._queue else 0

    def leave(self, ticket: Ticket) -> None:
        """End the turn, or give up the place in the queue; a second time does nothing."""
        with self._lock:
            if (since := self._running.pop(ticket, None)) is not None:
                self._turn_s += _WEIGHT * (self._clock() - since - self._turn_s)
            if ticket in self._queue:
                self._queue.remove(ticket)
            self._let_in()

    def _let_in(self) -> None:
        while self._queue and len(self._running) < self.most_running:
            ticket = self._queue.popleft()
            if ticket.turn.set_running_or_notify_cancel():  # a coroutine that went away has cancelled it
                self._running[ticket] = self._clock()
                ticket.turn.set_result(None)
