"""Requests made up from the OpenAPI document, good and bad, by schemathesis."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from detector.api import app
from detector.engines.catalog import ENGINES
from detector.models.registry import Registry
from detector.models.store import Store
from detector.pool import EnginePool
from detector.service import Service, service
from detector.settings import Config
from tests.api.conftest import home_of
from tests.api.servers import running, until

pytestmark = pytest.mark.robust
EXAMPLES = 10  # of each kind for each operation; some seconds


def test_no_request_that_the_document_allows_or_forbids_is_answered_wrongly(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One engine and one model, so that nothing is fetched, and no framework loaded, only because it was drawn.
    monkeypatch.setattr(app, "ENGINES", ENGINES[:1])
    own = Registry(()).with_folders(*config.model_folders)
    alone = Service(config, EnginePool(Store(home_of(config)), own), service(config).gate)
    with running(app.build_api(alone)) as url:
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
                *("run", f"{url}/openapi.json", "--max-examples", str(EXAMPLES), "--seed", "1"),
                *("--generation-database", "none", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "9 selected / 9 total" in done.stdout
