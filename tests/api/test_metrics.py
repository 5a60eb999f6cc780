"""What Prometheus reads, by the parser of its own library."""

from dataclasses import replace

import httpx
from prometheus_client.parser import text_string_to_metric_families

from detector.api.app import build_api
from detector.service import service
from detector.settings import Config, Serving
from tests.api.conftest import form
from tests.api.servers import running


def test_requests_stages_queue_and_loads_are_counted(config: Config) -> None:
    with running(build_api(service(replace(config, serving=Serving(max_waiting=7))))) as url:
        httpx.post(f"{url}/predict", files=form())
        httpx.post(f"{url}/predict", files=form(b"x"))
        httpx.post(f"{url}/count/ant", files=form())
        httpx.request("PROPFIND", f"{url}/no/such/path")
        text = httpx.get(f"{url}/metrics").text
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["detector_requests_total", "/predict", "200", "POST"] == 1
    assert samples["detector_requests_total", "/predict", "415", "POST"] == 1
    assert samples["detector_requests_total", "/count/{label}", "200", "POST"] == 1
    assert samples["detector_requests_total", "404", "none", "other"] == 1
    assert samples["detector_stage_seconds_count", "detect"] == 2
    assert samples["detector_stage_seconds_count", "draw"] == 1
    assert samples["detector_stage_seconds_count", "total"] == 2
    assert samples["detector_requests_in_flight",] == 1
    assert samples["detector_queue_waiting",] == samples["detector_queue_running",] == 0
    assert samples["detector_model_loads_total",] == 1
    assert "no/such/path" not in text
