import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest

from detector.errors import BusyError
from detector.gate import Gate


def test_those_who_fit_run_at_once_and_the_next_in_their_order() -> None:
    gate = Gate(most_running=1, most_waiting=2)
    first, second, third = gate.join(), gate.join(), gate.join()
    assert [ticket.turn.done() for ticket in (first, second, third)] == [True, False, False]
    assert [gate.ahead(ticket) for ticket in (first, second, third)] == [0, 0, 1]
    gate.leave(first)
    assert [ticket.turn.done() for ticket in (second, third)] == [True, False]
    assert gate.ahead(third) == 0


def test_past_the_queue_one_is_turned_away_at_once() -> None:
    gate = Gate(most_running=1, most_waiting=1)
    gate.join(), gate.join()
    with pytest.raises(BusyError, match="1 are waiting already"):
        gate.join()
    assert (gate.running, gate.waiting) == (1, 1)


def test_no_queue_means_only_those_who_run() -> None:
    gate = Gate(most_running=1, most_waiting=0)
    ticket = gate.join()
    with pytest.raises(BusyError):
        gate.join()
    gate.leave(ticket)
    assert gate.join().turn.done()


def test_who_leaves_the_queue_lets_the_next_move_up() -> None:
    gate = Gate(most_running=1, most_waiting=2)
    first, second, third = gate.join(), gate.join(), gate.join()
    gate.leave(second)
    assert gate.ahead(third) == 0
    gate.leave(first)
    assert third.turn.done()
    assert not second.turn.done()


def test_leaving_twice_frees_one_place_only() -> None:
    gate = Gate(most_running=1, most_waiting=2)
    first, second, third = gate.join(), gate.join(), gate.join()
    gate.leave(first)
    gate.leave(first)
    assert second.turn.done()
    assert not third.turn.done()


def test_a_coroutine_that_goes_away_is_passed_over() -> None:
    async def scene() -> None:
        gate = Gate(most_running=1, most_waiting=2)
        first, second, third = gate.join(), gate.join(), gate.join()
        waiting = asyncio.create_task(asyncio.wait_for(asyncio.wrap_future(second.turn), 0.01))
        with pytest.raises(asyncio.TimeoutError):
            await waiting
        gate.leave(first)
        await asyncio.wait_for(asyncio.wrap_future(third.turn), 1)
        gate.leave(second)
        assert (gate.running, gate.waiting) == (1, 0)

    asyncio.run(scene())


def test_never_more_run_than_may_and_all_get_their_turn() -> None:
    gate, lock, together = Gate(most_running=3, most_waiting=100), Lock(), Barrier(3)
    now, most = 0, 0

    def work(_: int) -> None:
        nonlocal now, most
        ticket = gate.join()
        ticket.turn.result(10)
        with lock:
            now += 1
            most = max(most, now)
        together.wait(10)  # three must be inside at once, or this breaks
        with lock:
            now -= 1
        gate.leave(ticket)

    with ThreadPoolExecutor(30) as threads:
        list(threads.map(work, range(60)))
    assert most == 3
    assert (gate.running, gate.waiting) == (0, 0)


def test_who_comes_too_late_is_told_when_those_before_will_have_had_their_turns() -> None:
    now = 0.0
    gate = Gate(most_running=2, most_waiting=3, clock=lambda: now)
    for _ in range(50):
        ticket = gate.join()
        now += 3.0  # what each takes
        gate.leave(ticket)
    for _ in range(5):
        gate.join()
    with pytest.raises(BusyError) as refused:
        gate.join()
    assert refused.value.come_again_s == pytest.approx(3.0 * (3 + 1) / 2, rel=1e-3)
