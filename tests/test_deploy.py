"""What is in deploy/ holds by the schemas that can be had here, and says the same as the code and the image."""

import math
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from detector.api.app import build_api
from detector.service import service
from detector.settings import Config, Http, value_types
from tests.conftest import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
VARIABLES = {f"DETECTOR_{name.upper()}" for name in value_types()}


def resources(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((KUBERNETES / name).read_text()))


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Each pod's spec, with the name of what makes it."""
    found = []
    for path in sorted(KUBERNETES.glob("*.yaml")):
        for one in resources(path.name):
            spec = one["spec"]
            if one["kind"] == "Deployment":
                found.append((f"{path.stem}-{one['metadata']['name']}", spec["template"]["spec"]))
            if one["kind"] == "RayService":
                cluster = spec["rayClusterConfig"]
                groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
                found += [(f"{path.stem}-{i}", group["template"]["spec"]) for i, group in enumerate(groups)]
    return found


@pytest.mark.parametrize("name", ["simple.yaml", "apart.yaml"])
def test_every_resource_is_valid_by_kubernetes_own_schema(name: str) -> None:
    kubernetes_validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed"
    )
    for one in resources(name):
        kubernetes_validate.validate(one, "1.30", strict=True)


@pytest.mark.parametrize("spec", [spec for _, spec in pods()], ids=[name for name, _ in pods()])
def test_every_pod_is_valid_and_not_root(spec: dict[str, Any]) -> None:
    kubernetes_validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed"
    )
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": spec}
    kubernetes_validate.validate(pod, "1.30", strict=True)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] > 0
    for container in spec["containers"]:
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert {variable["name"] for variable in container["env"]} <= VARIABLES | {"PYTHONPATH"}


def test_what_ray_serve_is_told_is_valid_by_its_schema() -> None:
    """The fields around it were read in KubeRay's source; its CRD is not on the package index."""
    schema = pytest.importorskip("ray.serve.schema", reason="Ray is not installed")
    (one,) = resources("rayservice.yaml")
    told = schema.ServeDeploySchema.model_validate(yaml.safe_load(one["spec"]["serveConfigV2"]))
    assert [application.route_prefix for application in told.applications] == ["/"]


@pytest.mark.parametrize("spec", [spec for _, spec in pods()], ids=[name for name, _ in pods()])
def test_a_pod_that_stops_may_finish_what_it_answers(spec: dict[str, Any]) -> None:
    patience_s = math.ceil(Http().max_body_s + Http().max_answer_s)
    if "terminationGracePeriodSeconds" in spec:  # Ray's head answers nobody
        stops_after_s = sum(
            int(c["lifecycle"]["preStop"]["exec"]["command"][1])
            for c in spec["containers"]
            if "lifecycle" in c
        )
        assert spec["terminationGracePeriodSeconds"] >= stops_after_s + patience_s


def test_probes_ask_what_the_api_answers() -> None:
    routes = build_api(service(Config())).openapi()["paths"]
    for spec in [spec for name, spec in pods() if "ray" not in name]:
        for container in spec["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                path = container[probe]["httpGet"]["path"]
                assert path == "/_stcore/health" or path.removeprefix("/api") in routes, path


def test_the_unit_starts_a_command_that_exists_and_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = (ROOT / "deploy" / "detector.service").read_text()
    (command,) = re.findall(r"^ExecStart=/opt/object-detector/.venv/bin/python (.+)$", unit, re.MULTILINE)
    helped = subprocess.run(
        [sys.executable, *command.split(), "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "Serve the page" in helped.stdout
    if not (systemd := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not installed; the command was tried, the unit was not")
    here = tmp_path / "detector.service"
    ours = unit.replace("/opt/object-detector/.venv/bin/python", sys.executable)
    here.write_text(ours.replace("/opt/object-detector", str(ROOT)))
    found = subprocess.run([systemd, "verify", str(here)], check=False, capture_output=True, text=True)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_nginx_takes_the_configuration_as_it_is_changed_for_one_machine(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if not nginx:
        pytest.skip("nginx is not installed")
    told = (ROOT / "docs" / "hosted.md").read_text()
    (change,) = re.findall(r"^(sed .* deploy/nginx.conf) > ", told, re.MULTILINE)
    site = subprocess.run(shlex.split(change), cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"server (\S+)", site)[0] == "127.0.0.1:8501"
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {site} }}")
    found = subprocess.run(
        [nginx, "-t", "-c", str(whole), "-p", str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "compose.yaml",
        "docs/container.md",
        "docs/hosted.md",
        "docs/scale.md",
        "deploy/try_container.sh",
    ],
)
def test_every_file_of_deploy_and_docs_that_is_named_is_there(name: str) -> None:
    named = set(re.findall(r"\b(?:deploy|docs)/[\w./-]*\w", (ROOT / name).read_text()))
    assert named
    assert [one for one in named if not (ROOT / one).exists()] == []
