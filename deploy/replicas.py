"""How many answers a second replicas give: `detector serve --api-only`, one core each, behind nginx on this machine.

python deploy/replicas.py 1 2 4 --rounds 3 --seconds 20
"""

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import click
import httpx

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "detector" / "models" / "clock-sign-oranges.jpg"
FIRST_PORT = 8710
# One picture in work at once, on one thread: a replica is a core's worth.
ONE_CORE = {"DETECTOR_THREADS": "1", "DETECTOR_MAX_RUNNING": "1"}


@dataclass(frozen=True)
class Measured:
    """One run: answers a second, how long each took in ms, processor time of the replicas for each in ms."""

    rate: float
    waits_ms: list[float]
    processor_ms: float
    refused: int


@click.command()
@click.argument("counts", type=int, nargs=-1, required=True)
@click.option("--rounds", default=3)
@click.option("--seconds", default=20.0)
@click.option("--clients", default=8)
def main(counts: tuple[int, ...], rounds: int, seconds: float, clients: int) -> None:
    """Measure each count in turn, round after round, and print medians."""
    found: dict[int, list[Measured]] = {count: [] for count in counts}
    with replicas(max(counts)) as servers:
        for _ in range(rounds):
            for count in counts:
                with proxy(count) as url:
                    found[count].append(load(url, servers[:count], clients, seconds))
                click.echo(f"{count}: {found[count][-1].rate:.2f}/s, load {os.getloadavg()[0]:.1f}", err=True)
    click.echo("replicas | answers/s (least to most) | p50 ms | p95 ms | processor ms each | refused")
    for count, runs in found.items():
        processor_ms = median(run.processor_ms for run in runs)
        click.echo(
            f"{count} | {rates_and_waits(runs)} | {processor_ms:.0f} | {sum(run.refused for run in runs)}"
        )


def rates_and_waits(runs: list[Measured]) -> str:
    """Columns of a table: the median rate with the least and the most; of all waits the median and 95 of 100."""
    rates, waits = [run.rate for run in runs], [wait for run in runs for wait in run.waits_ms]
    return (
        f"{median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f}) | {median(waits):.0f}"
        f" | {quantiles(waits, n=20)[-1]:.0f}"
    )


@contextlib.contextmanager
def replicas(count: int) -> Iterator[list[int]]:
    """So many servers that are ready; gives their process ids."""
    ports = range(FIRST_PORT + 1, FIRST_PORT + 1 + count)
    command = [sys.executable, "-m", "detector", "serve", "--api-only", "--port"]
    started = [
        subprocess.Popen(
            [*command, str(port)], cwd=ROOT, env=os.environ | ONE_CORE, stdout=subprocess.DEVNULL
        )
        for port in ports
    ]
    try:
        for port in ports:
            until_ready(f"http://127.0.0.1:{port}")
        yield [server.pid for server in started]
    finally:
        for server in started:
            server.terminate()
            server.wait()


@contextlib.contextmanager
def proxy(count: int) -> Iterator[str]:
    """Nginx as in nginx.conf, but each request goes where least is in work: the API remembers nobody."""
    servers = "".join(f"server 127.0.0.1:{FIRST_PORT + 1 + i};" for i in range(count))
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    head, _, rest = site.partition("    ip_hash;")
    site = f"{head}least_conn;{servers}{rest[rest.index('}') :]}".replace(
        "listen 80;", f"listen {FIRST_PORT};"
    )
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder, "nginx.conf")
        conf.write_text(f"pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {site} }}")
        running = subprocess.Popen(["nginx", "-c", str(conf), "-p", folder, "-g", "daemon off;"])  # noqa: S607
        try:
            until_ready(url := f"http://127.0.0.1:{FIRST_PORT}")
            yield url
        finally:
            running.terminate()
            running.wait()


def until_ready(url: str) -> None:
    """Wait until the server has detected in a picture."""
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz").is_success:
                return
        time.sleep(0.1)
    raise TimeoutError(url)


def load(url: str, servers: list[int], clients: int, seconds: float) -> Measured:
    """Clients that each ask again as soon as they are answered."""
    data, before, began = PICTURE.read_bytes(), processor_s(servers), time.monotonic()

    def ask(_: int) -> list[tuple[float, int]]:
        answers = []
        with httpx.Client(base_url=url, timeout=120) as client:
            while time.monotonic() - began < seconds:
                asked = time.monotonic()
                status = client.post("/predict?format=json", files={"file": ("a.jpg", data)}).status_code
                answers.append(((time.monotonic() - asked) * 1000, status))
        return answers

    with ThreadPoolExecutor(clients) as pool:
        answers = list(itertools.chain(*pool.map(ask, range(clients))))
    took_s = time.monotonic() - began
    good = [wait for wait, status in answers if status == 200]
    each_ms = (processor_s(servers) - before) * 1000 / len(good)
    return Measured(len(good) / took_s, good, each_ms, len(answers) - len(good))


def processor_s(servers: list[int]) -> float:
    """Processor time that the processes have used so far, in seconds."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in servers]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
