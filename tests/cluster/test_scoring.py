"""Rows on Ray: the same as those of this process, whoever is killed meanwhile.

Each Ray is started on this machine for one test, with a worker process for each core, in a network of its own.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="ray is not installed")

from tests.builders import use_own_model
from tests.cluster.alone import alone, environment
from tests.rows import parts_in, picture_folder, rows_in, run

Start = Callable[..., "subprocess.Popen[str]"]
ON_RAY = ("detector", "detect", "in", "--runner", "ray", "--part", "2", "--out", "out")
PICTURES = 40  # and two broken ones, large enough that there is time to kill something


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a small model in the environment."""
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "0.1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pictures_and_rows(folder: Path, count: int, width: int = 120, height: int = 80) -> None:
    """Pictures in `in`, of which two are broken, and in `here` their rows by this process."""
    picture_folder(folder / "in", count, width, height)
    assert run("detect", "in", "--runner", "local", "--out", "here").exit_code == 1
    assert len(rows_in("here")) == count + 2


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts a module's command in a network of its own; whatever it leaves is killed."""
    mark = {"DETECTOR_TEST_RUN": str(folder)}

    def start_it(*command: str) -> "subprocess.Popen[str]":
        line, env = alone(*command), environment(**mark)
        return subprocess.Popen(line, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    yield start_it
    for pid in processes(folder):
        os.kill(pid, signal.SIGKILL)


def processes(folder: Path, name: str = "") -> list[int]:
    """The processes that this test has started, themselves or by others, of that name."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                is_ours = f"DETECTOR_TEST_RUN={folder}\0".encode() in (process / "environ").read_bytes()
                if is_ours and name.encode() in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue  # it has ended
    return found


def wait_for(ready: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < end, "it did not come to pass within two minutes"
        time.sleep(0.005)


def ended(job: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code, standard output and standard error, of which Ray's own lines are left out."""
    out, err = job.communicate(timeout=180)
    said = [line for line in out.splitlines() if not line.startswith("\x1b[33m(raylet)")]
    ours = [line for line in err.splitlines() if line.startswith("detector: ")]
    return job.returncode, "\n".join(said), "\n".join(ours) or err


def test_a_worker_that_is_killed_loses_nothing_and_the_rows_are_those_of_this_process(
    folder: Path, start: Start
) -> None:
    pictures_and_rows(folder, PICTURES, 1600, 1200)
    job = start(*ON_RAY)
    wait_for(lambda: len(parts_in(folder / "out")) >= 2 or job.poll() is not None)
    workers = processes(folder, "ray::MapWorker")
    assert len(workers) == min(os.cpu_count() or 1, PICTURES)
    os.kill(workers[0], signal.SIGKILL)
    assert len(parts_in(folder / "out")) < PICTURES // 4, "it was killed too late to prove anything"
    told = f"{folder}/out: rows of {PICTURES + 2} pictures"
    broken = "detector: 2 pictures could not be read; the column error says why"
    assert ended(job) == (1, told, broken)
    assert rows_in("out") == rows_in("here")
    assert len(parts_in(folder / "out")) == (PICTURES + 2) // 2


@pytest.mark.robust
def test_a_whole_job_that_is_killed_is_gone_on_with(folder: Path, start: Start) -> None:
    pictures_and_rows(folder, PICTURES, 1600, 1200)
    job = start(*ON_RAY)
    wait_for(lambda: len(parts_in(folder / "out")) >= 3 or job.poll() is not None)
    for pid in processes(folder):
        os.kill(pid, signal.SIGKILL)
    job.communicate(timeout=60)
    kept = {path: path.stat().st_mtime_ns for path in parts_in(folder / "out")}
    good = sum(not row["error"] for row in rows_in("out"))
    assert 5 <= good < PICTURES
    code, out, _ = ended(start(*ON_RAY, "--resume"))
    assert (code, out) == (
        1,
        f"{folder}/out: rows of {PICTURES + 2 - good} pictures, {good} were there before",
    )
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert rows_in("out") == rows_in("here")


def test_from_bucket_to_bucket_the_rows_are_the_same(folder: Path, start: Start) -> None:
    for package in ("s3fs", "moto.server"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    pictures_and_rows(folder, 9)
    code, _, err = ended(start("tests.cluster.bucket_job", "in", "out"))
    assert code == 1, err
    here = [
        {**row, "address": row["address"].replace(str(folder), "s3://pictures")} for row in rows_in("here")
    ]
    assert rows_in("out") == here


@pytest.mark.robust
def test_what_would_stop_every_part_is_one_line(folder: Path, start: Start) -> None:
    picture_folder(folder / "in", 9)
    command = ("detector", "detect", "in", "--runner", "ray", "--out", "link/rows")
    (folder / "link").symlink_to("nowhere/at/all")
    code, out, err = ended(start(*command))
    assert (code, out) == (1, "")
    assert err.startswith("detector: ")
    assert "cannot be written: " in err
    assert err.count("\n") == 0


@pytest.mark.robust
def test_a_ray_that_has_no_processor_free_is_told_and_not_waited_for(folder: Path, start: Start) -> None:
    picture_folder(folder / "in", 1)
    code, _, err = ended(start("tests.cluster.full", "in", "out"))
    assert code == 1
    assert "DetectorError: Ray has had no processor free for 2 s" in err
