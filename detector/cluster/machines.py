"""The machines that Ray has: a cluster that runs already, or this one alone."""

import logging
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from detector.errors import DetectorError
from detector.machine import Machine

log = logging.getLogger(__name__)

HERE = "local"  # Ray's word for a cluster of one's own
_REACH_S = 10.0


@dataclass(frozen=True)
class Machines:
    """What there is to work with.

    cpus: processors that Ray may give away, all machines together. own: whether it was started for this alone.
    """

    cpus: float
    own: bool

    def __post_init__(self) -> None:
        assert self.cpus >= 0


@contextmanager
def connected(address: str | None = None, cpus: int = 1) -> Iterator[Machines]:
    """Ray at the address, else at RAY_ADDRESS, else one on this machine alone that ends with the block.

    cpus: so many are needed at least. One's own Ray counts as many, however few cores there are, since work that
    gets none from Ray waits for ever without a word. What this process has connected before is taken as it is.
    Raises DetectorError where Ray is not installed, cannot be reached, or has too few.
    """
    where = address or os.environ.get("RAY_ADDRESS") or HERE
    if where == HERE and "ray" not in sys.modules:
        _keep_to_this_machine()
    ray = load_ray()
    if ray.is_initialized():
        yield _enough(ray, cpus, own=False)
        return
    try:
        _connect(ray, where, max(cpus, Machine.here().cores))
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


def _keep_to_this_machine() -> None:
    """What Ray reads when it is imported, and its daemons when they start; whatever is set already stays.

    Without the first, which Ray made for desktops, its daemons listen on every interface, and they run what they are
    sent. The secret is one for this run and leaves nothing in the home folder. Ray's makers are told nothing.
    """
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def _connect(ray: ModuleType, where: str, cpus: int) -> None:
    # Its own lines about having started or connected are left out; its warnings stay.
    own = {"num_cpus": cpus, "include_dashboard": False} if where == HERE else {}
    try:
        _reach(where)
        ray.init(address=where, logging_level=logging.WARNING, **own)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        what = "Ray did not start here" if where == HERE else f"no Ray can be reached at {where}"
        raise DetectorError(f"{what} ({error}); docs/cluster.md says how to start one") from error
    if where == HERE and not _is_loopback(address := ray.util.get_node_ip_address()):
        log.warning(
            "Ray was started at %s and may be reached from elsewhere: keep this machine on a private network",
            address,
        )


def _reach(where: str) -> None:
    """Raises OSError or ValueError where nobody listens; Ray itself would try for minutes."""
    if where in (HERE, "auto"):
        return
    host, _, port = where.removeprefix("ray://").rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), _REACH_S):
        pass


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")


def _enough(ray: ModuleType, cpus: int, own: bool) -> Machines:
    has = float(ray.cluster_resources().get("CPU", 0))
    if has < cpus:
        raise DetectorError(
            f"Ray has {has:g} CPUs and this needs {cpus}; add machines, or ask for less at once"
        )
    return Machines(has, own)
