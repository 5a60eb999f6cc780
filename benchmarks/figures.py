"""What was measured beside what: values in turn, medians, spreads, ratios."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MORE_IS_BETTER = ("1/s", "GFLOP/s")


@dataclass(frozen=True)
class Measured:
    """The values of one way to do some work."""

    work: str
    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The 10th and the 90th percentile."""
        low, high = np.percentile(self.values, (10, 90))
        return float(low), float(high)


@dataclass(frozen=True)
class Wanted:
    """At least so many times as good as a peer; of several names the best counts."""

    work: str
    ours: tuple[str, ...]
    peers: tuple[str, ...]
    at_least: float

    def ratio(self, measured: Sequence[Measured]) -> tuple[Measured, Measured, float] | None:
        """The best of ours, the best of the peers and the ratio; None where one was not measured."""
        of_work = [one for one in measured if one.work == self.work]
        ours, peer = (
            _best([one for one in of_work if one.name in names]) for names in (self.ours, self.peers)
        )
        if ours is None or peer is None:
            return None
        ratio = ours.median / peer.median
        return ours, peer, ratio if ours.unit in MORE_IS_BETTER else 1 / ratio


def _best(measured: Sequence[Measured]) -> Measured | None:
    ordered = sorted(measured, key=lambda one: one.median)
    if not ordered:
        return None
    return ordered[-1 if ordered[0].unit in MORE_IS_BETTER else 0]


def in_turn(
    work: str, unit: str, ways: Mapping[str, Callable[[], float]], rounds: int, warm: int = 2
) -> list[Measured]:
    """Each way once a round, so that a busy moment of the machine hits all; the first rounds do not count."""
    values: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm + rounds):
        for name, way in ways.items():
            value = way()
            if number >= warm:
                values[name].append(value)
    return [Measured(work, name, unit, tuple(found)) for name, found in values.items()]
