"""Work done ahead by threads, handed out in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def in_order(work: Callable[[S], T], items: Iterable[S], threads: int) -> Iterator[tuple[S, T]]:
    """Each item with its result, in order, while threads work ahead: one decodes or writes while another computes."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[tuple[S, Future[T]]] = deque()
        try:
            for item in items:
                ahead.append((item, pool.submit(work, item)))
                if len(ahead) > 2 * threads:
                    first, result = ahead.popleft()
                    yield first, result.result()
            for item, result in ahead:
                yield item, result.result()
        finally:
            pool.shutdown(cancel_futures=True)
