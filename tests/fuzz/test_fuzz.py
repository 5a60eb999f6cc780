"""A short run of each harness; a long one is `python -m tests.fuzz.run NAME SECONDS`."""

import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import mutate
from tests.fuzz.targets import TARGETS, seeds

pytestmark = [pytest.mark.robust, pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).parent.parent.parent
INPUTS = {"picture": 1500, "cfg": 2000, "weights": 1000}
SECONDS = 5


@pytest.mark.parametrize("name", TARGETS)
def test_only_named_errors_come_out_of_inputs_changed_at_random(name: str, tmp_path: Path) -> None:
    for data in itertools.islice(mutate.inputs(seeds(name), seed=7), INPUTS[name]):
        run(name, data, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_only_named_errors_come_out_of_many_inputs_changed_at_random(name: str, tmp_path: Path) -> None:
    for data in itertools.islice(mutate.inputs(seeds(name), seed=8), 40 * INPUTS[name]):
        run(name, data, tmp_path)


def run(name: str, data: bytes, folder: Path) -> None:
    """An input that fails is written down, so that it can be tried alone."""
    try:
        TARGETS[name](data)
    except Exception as error:
        kept = folder / "input"
        kept.write_bytes(data)
        pytest.fail(f"{type(error).__name__}: {error}; see {kept}")


@pytest.mark.parametrize("name", TARGETS)
def test_only_named_errors_come_out_of_inputs_that_atheris_finds(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install atheris")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", name, str(SECONDS), str(tmp_path)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not list(tmp_path.glob("crash-*"))
