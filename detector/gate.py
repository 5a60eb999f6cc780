"""The way in for many at once: some run, some wait in a queue, the rest are turned away at once."""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock

from detector.errors import BusyError


@dataclass(frozen=True, eq=False)
class Ticket:
    """A place in the queue; `turn` is done when its holder may run."""

    turn: "Future[None]" = field(default_factory=Future)


class Gate:
    """At most `most_running` hold a turn; up to `most_waiting` wait for theirs, first come, first served.

    A thread waits with `ticket.turn.result(seconds)`, a coroutine with `asyncio.wrap_future(ticket.turn)`.
    Whoever joined must `leave`, whether the turn came or not.
    """

    def __init__(self, most_running: int, most_waiting: int) -> None:
        self.most_running, self.most_waiting = most_running, most_waiting
        self._lock = Lock()
        self._running: set[Ticket] = set()
        self._queue: deque[Ticket] = deque()

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
                raise BusyError(f"{len(self._queue)} are waiting already; try again in some seconds")
            self._queue.append(ticket)
            self._let_in()
        return ticket

    def ahead(self, ticket: Ticket) -> int:
        """How many wait before this one; 0 when it is next or has its turn."""
        with self._lock:
            return self._queue.index(ticket) if ticket in self._queue else 0

    def leave(self, ticket: Ticket) -> None:
        """End the turn, or give up the place in the queue; a second time does nothing."""
        with self._lock:
            self._running.discard(ticket)
            if ticket in self._queue:
                self._queue.remove(ticket)
            self._let_in()

    def _let_in(self) -> None:
        while self._queue and len(self._running) < self.most_running:
            ticket = self._queue.popleft()
            if ticket.turn.set_running_or_notify_cancel():  # a coroutine that went away has cancelled it
                self._running.add(ticket)
                ticket.turn.set_result(None)
