"""What Prometheus reads: requests, time by stage, the queue, model loads. Each application has its own."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from detector.gate import Gate
from detector.pool import EnginePool

_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Meters:
    """Counts and times; nothing of what a client sends becomes a label."""

    def __init__(self, gate: Gate, pool: EnginePool) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "detector_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._stages = Histogram(
            "detector_stage_seconds",
            "Time of a picture by stage.",
            ("stage",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.in_flight = Gauge("detector_requests_in_flight", "Requests not yet answered.", registry=registry)
        queue = Gauge("detector_queue_waiting", "Pictures waiting for their turn.", registry=registry)
        queue.set_function(lambda: gate.waiting)
        running = Gauge("detector_queue_running", "Pictures in work.", registry=registry)
        running.set_function(lambda: gate.running)
        registry.register(_Loads(pool))

    def answered(self, scope: Mapping[str, Any], status: int) -> None:
        """One request, under its route's template."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()

    def worked(self, stages_ms: Mapping[str, float]) -> None:
        """One piece of work, by stage."""
        for stage, ms in stages_ms.items():
            self._stages.labels(stage).observe(ms / 1000)

    def text(self) -> tuple[bytes, str]:
        """Everything in Prometheus' text format, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


class _Loads(Collector):
    def __init__(self, pool: EnginePool) -> None:
        self._pool = pool

    def collect(self) -> Iterable[CounterMetricFamily]:
        yield CounterMetricFamily("detector_model_loads", "Models loaded.", value=self._pool.loads)
