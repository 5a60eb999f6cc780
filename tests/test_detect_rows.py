"""`detector detect --runner local`: rows of a folder, stopped, gone on with, refused; and of a bucket."""

import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from detector.addresses import Folder
from detector.errors import DetectorError
from tests.builders import use_own_model
from tests.cluster.alone import environment
from tests.rows import parts_in, picture_folder, rows_in, run

BROKEN = ["cut.png", "empty.jpg"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a small model in the environment, and pictures in `in`."""
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setenv("DETECTOR_CONFIDENCE", "0.1")
    monkeypatch.chdir(tmp_path)
    picture_folder(tmp_path / "in", 6)
    return tmp_path


def mend(folder: Path) -> None:
    for name in BROKEN:
        (folder / "in" / name).write_bytes((folder / "in" / "1.png").read_bytes())


def test_a_folder_becomes_a_row_for_each_picture_however_deep(folder: Path) -> None:
    done = run("detect", "in", "--runner", "local", "--out", "out", "--part", "3")
    assert (done.exit_code, done.stdout) == (1, f"{folder}/out: rows of 8 pictures\n")
    assert done.stderr == "detector: 2 pictures could not be read; the column error says why\n"
    rows = rows_in("out")
    names = ["1.png", "2.png", "3.png", "4.png", "5.png", "cut.png", "deeper/a.PNG", "empty.jpg"]
    assert [row["address"] for row in rows] == [str(folder / "in" / name) for name in names]
    assert [Path(row["address"]).name for row in rows if row["error"]] == BROKEN
    assert len(parts_in(folder / "out")) == 3
    assert not list((folder / "out").glob(".*"))


def test_the_rows_are_what_the_same_command_prints(folder: Path) -> None:
    import json

    run("detect", "in", "--runner", "local", "--out", "out")
    printed = [json.loads(line) for line in run("detect", "in", "--json").stdout.splitlines()]
    rows = {row["address"]: row for row in rows_in("out")}
    assert len(printed) == 5
    for told in printed:
        row = rows[str(folder / told["image"]["name"])]
        assert [(each["label"], each["ymax"]) for each in row["detections"]] == [
            (each["label"], each["box"]["ymax"]) for each in told["detections"]
        ]


def test_without_a_broken_picture_all_is_good(folder: Path) -> None:
    mend(folder)
    done = run("detect", "in", "in/1.png", "--runner", "local", "--out", "out")
    assert (done.exit_code, done.stderr, done.stdout) == (0, "", f"{folder}/out: rows of 8 pictures\n")


def test_resume_looks_again_at_what_has_no_row_or_an_error(folder: Path) -> None:
    run("detect", "in/1.png", "in/2.png", "in/cut.png", "--runner", "local", "--out", "out")
    (first,) = parts_in(folder / "out")
    before = first.read_bytes(), first.stat().st_mtime_ns
    mend(folder)
    done = run("detect", "in", "--runner", "local", "--out", "out", "--resume")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{folder}/out: rows of 6 pictures, 2 were there before\n"
    assert (first.read_bytes(), first.stat().st_mtime_ns) == before
    assert [row["error"] for row in rows_in("out")] == [""] * 8
    again = run("detect", "in", "--runner", "local", "--out", "out", "--resume")
    assert (again.exit_code, again.stdout) == (0, f"{folder}/out: rows of 0 pictures, 8 were there before\n")


def test_a_run_that_is_killed_loses_no_part_that_was_written(
    folder: Path, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    picture_folder(folder / "large", 24, 1600, 1200)
    options = ("--runner", "local", "--part", "2")
    command = [sys.executable, "-m", "detector", "detect", "large", "--out", "out", *options]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL) as job:
        wait_for(lambda: len(parts_in(folder / "out")) >= 2)
        job.send_signal(signal.SIGKILL)
    kept, good = parts_in(folder / "out"), sum(not row["error"] for row in rows_in("out"))
    assert 2 <= len(kept) < 13
    done = run("detect", "large", "--out", "out", "--resume", *options)
    assert done.stdout == f"{folder}/out: rows of {26 - good} pictures, {good} were there before\n"
    assert set(kept) < set(parts_in(folder / "out"))
    run("detect", "large", "--out", "whole", *options)
    assert rows_in("out") == rows_in("whole")
    assert len(rows_in("whole")) == 26


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    def wait(ready: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not ready():
            assert time.monotonic() < end, "it did not come to pass within a minute"
            time.sleep(0.005)

    return wait


def test_rows_are_not_mixed_with_others_unasked(folder: Path) -> None:
    run("detect", "in/1.png", "--runner", "local", "--out", "out")
    with pytest.raises(
        DetectorError, match="out holds rows already; --resume goes on there, or choose another"
    ):
        run("detect", "in", "--runner", "local", "--out", "out", catch=False)


def test_rows_of_other_settings_are_not_gone_on_with(folder: Path) -> None:
    run("detect", "in/1.png", "--runner", "local", "--out", "out")
    options = ("--resume", "--confidence", "0.2", "--threads", "1")
    expected = r"holds rows of other settings \(confidence 0.1 there, 0.2 here\); choose another folder"
    with pytest.raises(DetectorError, match=expected):
        run("detect", "in", "--runner", "local", "--out", "out", *options, catch=False)
    assert len(rows_in("out")) == 1


def test_without_pyarrow_it_is_told_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        DetectorError, match="pyarrow is not installed, which writes the rows; pip install pyarrow"
    ):
        run("detect", "in", "--runner", "local", "--out", "out", catch=False)


def test_without_ray_it_is_told(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in (
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER",
        "RAY_AUTH_MODE",
        "RAY_AUTH_TOKEN",
        "RAY_USAGE_STATS_ENABLED",
    ):
        monkeypatch.setenv(name, "0")  # so that what is set for Ray is forgotten after this test
    with pytest.raises(
        DetectorError, match=r"ray is not installed; pip install 'object-detector\[cluster\]'"
    ):
        run("detect", "in", "--runner", "ray", "--out", "out", catch=False)
    assert not (folder / "out").exists()


def test_no_key_travels_to_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def runner(pictures: list[str], scoring: object) -> Iterator[object]:
        told.append(str(pickle.dumps(scoring)))
        return iter(())

    monkeypatch.setattr("detector.commands.rows.RUNNERS", {"ray": runner})
    monkeypatch.setenv("DETECTOR_API_KEYS", "secret-of-the-api")
    monkeypatch.setenv("DETECTOR_URL_KEY", "secret-of-the-page")
    assert run("detect", "in", "--runner", "ray", "--out", "out").exit_code == 0
    assert "openvino" in told[0]
    assert "secret" not in told[0]


MISUSES = {
    "nowhere": (["--runner", "local"], "--runner needs --out: the rows are written there"),
    "json": (["--runner", "local", "--out", "out", "--json"], "--runner writes rows and prints none"),
    "standard input": (["-", "--runner", "local", "--out", "out"], "not standard input"),
    "copies far away": (["--out", "s3://bucket/out"], "annotated copies go into a folder of this machine"),
    "an unknown runner": (["--runner", "spark", "--out", "out"], "'spark' is not one of 'local', 'ray'"),
    "an empty part": (["--runner", "local", "--out", "out", "--part", "0"], "0 is not in the range x>=1"),
}


@pytest.mark.parametrize(("options", "message"), MISUSES.values(), ids=MISUSES)
def test_misuse_is_told(options: list[str], message: str) -> None:
    done = run("detect", "in/1.png", *options)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_one_picture_far_away_is_printed_like_one_here(folder: Path) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    here, there = (
        run("detect", address, "--json", "--out", out)
        .stdout.partition("detections")[2]
        .partition("time_ms")[0]
        for address, out in (("in/1.png", "a"), (f"file://{folder}/in/1.png", "b"))
    )
    assert here == there != ""
    assert (folder / "a" / "1.png").read_bytes() == (folder / "b" / "1.png").read_bytes()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 bucket of a server on this machine."""
    for package in ("s3fs", "moto.server"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    from tests.cluster.bucket import Bucket

    with Bucket("pictures") as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made.address


def test_a_bucket_becomes_rows_in_a_bucket_and_is_gone_on_with(folder: Path, bucket: str) -> None:
    pictures = Folder.at(f"{bucket}/in")
    for path in sorted(path for path in (folder / "in").rglob("*") if path.is_file()):
        pictures.write(path.relative_to(folder / "in").as_posix(), path.read_bytes())
    options = ("--runner", "local", "--part", "3", "--out")
    done = run("detect", f"{bucket}/in", *options, f"{bucket}/out")
    assert (done.exit_code, done.stdout) == (1, f"{bucket}/out: rows of 8 pictures\n")
    run("detect", "in", *options, "out")
    here = [{**row, "address": row["address"].replace(str(folder), bucket)} for row in rows_in("out")]
    assert rows_in(f"{bucket}/out") == here
    again = run("detect", f"{bucket}/in", f"{bucket}/missing.png", *options, f"{bucket}/out", "--resume")
    assert (again.exit_code, again.stdout) == (1, f"{bucket}/out: rows of 3 pictures, 6 were there before\n")
    assert rows_in(f"{bucket}/out")[-1]["error"].startswith("cannot be read: ")
