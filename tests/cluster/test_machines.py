"""Ray that is started here, one that is not there, and none at all."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from detector.cluster.machines import connected
from detector.errors import DetectorError
from tests.conftest import ROOT

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
OWN = """
import socket, sys
from pathlib import Path
from detector.cluster.machines import connected

def listening():
    '''Addresses in the kernel's hexadecimal.'''
    lines = [line.split() for kind in ("tcp", "tcp6") for line in Path("/proc/net", kind).read_text().splitlines()]
    return {line[1] for line in lines if line[3] == "0A"}

before = listening()
with connected(cpus=7) as machines:
    import ray
    assert ray.get(ray.remote(lambda: 5).remote()) == 5
    print(machines.cpus, machines.own)
    print(*(address.split(":")[0] for address in listening() - before))
    with connected(cpus=2) as again:
        print(again.own)
print(ray.is_initialized())
"""
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def own(code: str, home: str, **environment: str) -> list[str]:
    """What a process of its own prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**kept, "HOME": home, **environment},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.splitlines()


@needs_ray
@pytest.mark.skipif(not Path("/proc/net/tcp6").exists(), reason="this system does not say who listens where")
def test_ones_own_ray_has_the_cpus_listens_on_this_machine_alone_and_leaves_nothing_at_home(
    tmp_path: Path,
) -> None:
    has, listening, again, after = own(OWN, str(tmp_path))
    assert has == "7.0 True"
    assert set(listening.split()) <= LOOPBACK
    assert listening
    assert again == "False"
    assert after == "False"
    assert list(tmp_path.iterdir()) == []


@needs_ray
def test_too_few_cpus_are_told_before_anything_waits_for_them_also_where_ray_was_imported_before(
    tmp_path: Path,
) -> None:
    code = """
from detector.cluster.machines import connected
from detector.errors import DetectorError
import ray
with connected(cpus=2):
    try:
        with connected(cpus=500): print("taken")
    except DetectorError as error:
        print(error)
"""
    (said,) = own(code, str(tmp_path))
    assert "this needs 500; add machines" in said


@needs_ray
@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "ray://127.0.0.1:1", "[::1]:1", "nonsense", "nowhere.invalid:6379"]
)
def test_a_ray_that_is_not_there_is_told_at_once(address: str) -> None:
    with pytest.raises(DetectorError, match="no Ray can be reached at"), connected(address):
        pass


@needs_ray
def test_the_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(DetectorError, match=r"at 127\.0\.0\.1:1 "), connected():
        pass


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(DetectorError, match=r"ray is not installed; pip install 'object-detector\[cluster\]'"),
        connected("127.0.0.1:1"),
    ):
        pass
