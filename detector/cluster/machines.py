"""The machines that Ray has: a cluster that runs already, or this one alone."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from detector.errors import DetectorError
from detector.machine import Machine

log = logging.getLogger(__name__)

HERE = "local"  # Ray's word for a cluster of one's own
# Where it starts by itself: a secret that whoever asks must have, and no word to Ray's makers.
QUIET: Mapping[str, str] = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}


@dataclass(frozen=True)
class Machines:
    """What there is to work with.

    cpus: processors that Ray may give away, all machines together. own: whether it was started for this alone.
    """

    cpus: float
    own: bool


@contextmanager
def connected(
    address: str | None = None, cpus: int = 1, env: Mapping[str, str] = os.environ
) -> Iterator[Machines]:
    """Ray at the address, else at RAY_ADDRESS, else one on this machine that ends with the block.

    cpus: so many are needed at least. One's own Ray counts as many, however few cores there are, since a Ray with
    too few waits for ever without a word. What this process has connected before is taken as it is.
    Raises DetectorError where Ray is not installed, cannot be reached, or has too few.
    """
    ray = load_ray()
    if ray.is_initialized():
        yield _enough(ray, cpus, own=False)
        return
    where = address or env.get("RAY_ADDRESS") or HERE
    _connect(ray, where, cpus)
    try:
        yield _enough(ray, cpus, own=where == HERE)
    finally:
        ray.shutdown()


def load_ray() -> ModuleType:
    """Ray, which takes half a second. Raises DetectorError where it is not installed."""
    try:
        import ray
    except ModuleNotFoundError as error:
        raise DetectorError(
            f"{error.name} is not installed; pip install 'object-detector[cluster]'"
        ) from error
    module: ModuleType = ray
    return module


def _connect(ray: ModuleType, where: str, cpus: int) -> None:
    try:
        if where == HERE:
            _start(ray, max(cpus, Machine.here().cores))
        else:
            ray.init(address=where)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        what = "Ray did not start here" if where == HERE else f"there is no Ray at {where}"
        raise DetectorError(f"{what}: {error}; see RAY_ADDRESS") from error


def _start(ray: ModuleType, cpus: int) -> None:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ray.init(address=HERE, num_cpus=cpus, include_dashboard=False)
    log.warning(
        "started Ray on this machine, with %d CPUs to give away; it may listen on every network interface and runs"
        " what it is sent by whoever has its token, so keep it on a private network",
        cpus,
    )


def _enough(ray: ModuleType, cpus: int, own: bool) -> Machines:
    has = float(ray.cluster_resources().get("CPU", 0))
    if has < cpus:
        raise DetectorError(
            f"Ray has {has:g} CPUs, and this needs {cpus}; add machines, or ask for less at once"
        )
    return Machines(has, own)
