"""`detector serve --api-only` by itself and on Ray Serve, in turn: answers a second, the start, a replica killed.

python deploy/on_ray.py --rounds 3 --seconds 8
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click
import httpx
from replicas import PICTURE, ROOT, Measured, load, rates_and_waits, until_ready

PORT = 8720


@dataclass(frozen=True)
class Way:
    """One way to serve: words after `detector serve --api-only`, and variables."""

    name: str
    words: tuple[str, ...]
    variables: dict[str, str]
    starts_s: list[float] = field(default_factory=list)
    runs: list[Measured] = field(default_factory=list)
    lost_s: list[float] = field(default_factory=list)


def ways() -> list[Way]:
    """On two cores: one process on both, the same as one replica on Ray, and one replica on each."""
    ray = ("--runner", "ray", "--replicas")
    return [
        Way("one process, uvicorn", (), {"DETECTOR_THREADS": "2"}),
        Way("Ray Serve, 1 replica of 2 threads", (*ray, "1"), {"DETECTOR_THREADS": "2"}),
        Way("Ray Serve, 2 replicas of 1 thread", (*ray, "2"), {"DETECTOR_THREADS": "1"}),
    ]


@click.command()
@click.option("--rounds", default=3)
@click.option("--seconds", default=8.0)
@click.option("--clients", default=8)
def main(rounds: int, seconds: float, clients: int) -> None:
    """Start each way in turn, round after round, and print medians."""
    tried = ways()
    for _ in range(rounds):
        for way in tried:
            with started(way) as (url, process):
                load(url, [], clients, 2)  # the first answers are slower
                way.runs.append(load(url, [], clients, seconds))
                if "ray" in way.words:
                    way.lost_s.append(without_one(url, process.pid))
            click.echo(f"{way.name}: {way.runs[-1].rate:.2f}/s, load {os.getloadavg()[0]:.1f}", err=True)
    click.echo(
        "way | answers/s (least to most) | p50 ms | p95 ms | s to the first answer | s without a replica | refused"
    )
    for way in tried:
        click.echo(told(way))


def told(way: Way) -> str:
    """A line of the table."""
    lost = f"{median(way.lost_s):.1f} ({min(way.lost_s):.1f} to {max(way.lost_s):.1f})" if way.lost_s else "-"
    return (
        f"{way.name} | {rates_and_waits(way.runs)} | {median(way.starts_s):.1f} | {lost}"
        f" | {sum(run.refused for run in way.runs)}"
    )


@contextlib.contextmanager
def started(way: Way) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Its address and process, once it has answered."""
    began, url = time.monotonic(), f"http://127.0.0.1:{PORT}"
    command = [sys.executable, "-m", "detector", "serve", "--api-only", "--port", str(PORT), *way.words]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | way.variables, stdout=quiet, stderr=quiet)
    try:
        until_ready(url)
        way.starts_s.append(time.monotonic() - began)
        yield url, process
    finally:
        process.terminate()
        process.wait()


def without_one(url: str, pid: int) -> float:
    """Kill a replica; seconds until a picture is answered again."""
    began = time.monotonic()
    os.kill(replicas_of(pid)[0], signal.SIGKILL)
    while True:
        with httpx.Client(base_url=url, timeout=60) as client:
            if client.post("/predict", files={"file": ("a.jpg", PICTURE.read_bytes())}).is_success:
                return time.monotonic() - began
        time.sleep(0.05)


def replicas_of(pid: int) -> list[int]:
    """Process ids of Ray's replicas; Ray's own processes lie between."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(b"ray::ServeReplica") and comes_from(folder, pid):
                found.append(int(folder.name))
    return found


def comes_from(folder: Path, pid: int) -> bool:
    """Whether that process is the other's child, or its child's."""
    one = int(folder.name)
    while one > 1 and one != pid:
        one = int(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[1])
    return one == pid


if __name__ == "__main__":
    main()
