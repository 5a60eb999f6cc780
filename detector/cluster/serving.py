"""`detector serve --runner ray`: the API on Ray Serve until it is told to stop."""

import logging
import re
import signal
import socket
from dataclasses import dataclass
from threading import Event

from detector.cluster.machines import Machines, connected
from detector.errors import DetectorError, SettingsError
from detector.service import service
from detector.settings import Config

log = logging.getLogger(__name__)

NAME = "detector"


@dataclass(frozen=True)
class Place:
    """Where the API is served: an address and port of every machine that has replicas."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if self.port < 1:
            raise SettingsError(f"--port is {self.port}; on Ray it must be 1 or more")

    def check(self) -> None:
        """Raises SettingsError where this machine has no such address, or somebody else serves there."""
        try:
            socket.create_server((self.host, self.port), family=_family(self.host)).close()
        except OSError as error:
            raise SettingsError(
                f"nothing can be served at {self.host} port {self.port}: {error.strerror}"
            ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


@dataclass(frozen=True)
class Span:
    """So many replicas at least and at most; most is None where it is what Ray has CPUs for."""

    least: int = 1
    most: int | None = None

    @classmethod
    def of(cls, text: str | None) -> "Span":
        """Of "2" exactly two, of "1-4" one to four. Raises SettingsError."""
        if text is None:
            return cls()
        found = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", text, re.ASCII)
        least, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= least <= most:
            raise SettingsError(f"--replicas is {text!r}; it must be a number such as 2, or two such as 1-4")
        return cls(least, most)

    def within(self, cpus: float, each: int) -> "Span":
        """With a most: so many as have `each` of these CPUs."""
        return self if self.most else Span(self.least, max(self.least, int(cpus) // each))


def serve_on_ray(config: Config, place: Place, replicas: Span) -> None:
    """Returns once it was told to stop, by SIGTERM or SIGINT, and what was in work is done. Raises DetectorError."""
    service(config).pool.registry.get(config.settings.model)  # what is not known here is known to no replica
    each = config.settings.threads or 1
    with connected(cpus=replicas.least * each) as machines:
        if machines.own:
            place.check()
            log.warning(
                "Ray's replicas listen on every interface and run what is sent by whoever has Ray's token:"
                " keep this machine on a private network"
            )
        # Ray's own handler, set by now, would end this process in the middle of what is to be ended in order.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            _deploy(config, place, replicas.within(machines.cpus, each))
            Event().wait()
        except KeyboardInterrupt:
            log.info("told to stop")
        finally:
            _end(machines)


def _deploy(config: Config, place: Place, replicas: Span) -> None:
    from ray import serve
    from ray.exceptions import RayError

    from detector.cluster.app import Arguments, application

    http = config.http
    made = application(config, Arguments(replicas.least, replicas.most or replicas.least))
    patience_s = http.max_body_s + http.max_answer_s
    try:
        serve.start(http_options={"host": place.host, "port": place.port, "request_timeout_s": patience_s})
        serve.run(made, name=NAME, route_prefix="/")
    except (RayError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1]  # before it come Ray's own traces
        raise DetectorError(f"the API did not start on Ray: {reason}; its log above says more") from error


def _end(machines: Machines) -> None:
    """Ray Serve of a cluster that others use too is left as it is, but for the API."""
    from ray import serve

    serve.delete(NAME)  # waits for what is in work, which a shutdown alone would drop
    if machines.own:
        serve.shutdown()
