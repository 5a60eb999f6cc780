"""`python -m docs.measure_rows FOLDER`: seconds, pictures a second and memory of both runners, for docs/cluster.md.

The runs take turns. Linux only: memory is the proportional set size of all processes of a run, Ray's among them.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import click

EVERY_S = 0.25
RUNNERS = ("local", "ray")


@dataclass(frozen=True)
class Run:
    """The whole command, in seconds, for one picture and for all; and all its processes' memory, at most at once."""

    one_s: float
    whole_s: float
    peak_mb: float

    def rate(self, pictures: int) -> float:
        """Pictures a second, without what it takes to start and to end."""
        return (pictures - 1) / (self.whole_s - self.one_s)


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path, file_okay=False))
@click.option("--rounds", type=click.IntRange(min=1), default=3)
def main(folder: Path, rounds: int) -> None:
    """Measure and print a table."""
    pictures = sorted(path for path in folder.rglob("*") if path.is_file())
    runs: dict[str, list[Run]] = {runner: [] for runner in RUNNERS}
    for _ in range(rounds):
        for runner in RUNNERS:
            one_s, _ = measure(runner, pictures[0])
            runs[runner].append(Run(one_s, *measure(runner, folder)))
    click.echo(f"{len(pictures)} pictures, {rounds} rounds, load {os.getloadavg()[0]:.1f}")
    click.echo("| runner | one picture, s | all, s | pictures/s | memory, MB |\n|---|---:|---:|---:|---:|")
    for runner, done in runs.items():
        click.echo(row(runner, done, len(pictures)))


def row(runner: str, runs: list[Run], pictures: int) -> str:
    """Medians, and for the rate the least and the most."""
    rates = [run.rate(pictures) for run in runs]
    one, whole, peak = (
        statistics.median(getattr(run, name) for run in runs) for name in ("one_s", "whole_s", "peak_mb")
    )
    rate = f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"
    return f"| {runner} | {one:.1f} | {whole:.1f} | {rate} | {peak:.0f} |"


def measure(runner: str, pictures: Path) -> tuple[float, float]:
    """Seconds, and megabytes at most, of one run of the command line."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            "-m",
            "detector",
            "detect",
            str(pictures),
            "--runner",
            runner,
            "--out",
            out,
        ]
        mark = f"DETECTOR_MEASURED={out}"
        peaks, over = [0.0], threading.Event()
        watch = threading.Thread(target=sample, args=(mark, peaks, over))
        watch.start()
        begin = time.perf_counter()
        done = subprocess.run(
            command, env={**os.environ, "DETECTOR_MEASURED": out}, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - begin
        over.set()
        watch.join()
    if done.returncode:
        sys.exit(done.stderr)
    return seconds, max(peaks)


def sample(mark: str, peaks: list[float], over: threading.Event) -> None:
    """Add up the memory of all processes with that mark in their environment, until it is over."""
    while not over.wait(EVERY_S):
        peaks.append(sum(pss_mb(process, mark) for process in Path("/proc").glob("[0-9]*")))


def pss_mb(process: Path, mark: str) -> float:
    """Its share of the memory, or 0 where it is not marked or has ended."""
    try:
        if mark.encode() not in (process / "environ").read_bytes():
            return 0.0
        lines = (process / "smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except OSError:
        return 0.0


if __name__ == "__main__":
    main()
