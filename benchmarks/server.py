"""Requests beside the tutorial's server: how many a second, how long a large picture takes, how much memory it holds.

Both serve yolov3-tiny on this machine. Four requests at a time draw boxes on the same pictures; an answer is lost when
it is no picture, and wrong when it is not the one that the same server gave to the same picture alone.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx

from benchmarks.figures import Measured, in_turn
from benchmarks.peers import resident_mb, served
from benchmarks.workload import LARGE_WH, SMALL_WH, Workload, jpegs

ROUNDS, REQUESTS, AT_ONCE = 3, 60, 4
RATE = "answers to a small JPEG, 4 at a time"
LOST, WRONG = f"lost of {ROUNDS * REQUESTS}", f"wrong of {ROUNDS * REQUESTS}"
LARGE, MEMORY = "12 megapixel JPEG to JSON over HTTP", "resident memory of the server"
OURS, NCNN, INT8 = "detector serve", "detector serve, ncnn", "detector serve, int8"
TUTORIAL = "the tutorial's server"
CLIENT = httpx.Client(timeout=60)  # one for all: making one takes as long as an answer


def measure(load: Workload) -> list[Measured]:
    """All of it, in turn."""
    peer = ["uvicorn", "benchmarks.peer_server:app"]
    ours = ["detector", "serve", "--api-only"]
    home = {"DETECTOR_HOME": str(load.store.folder)}
    with (
        served(ours, "/readyz", home) as (own, own_pid),
        served(peer, "/", {"PEER_FOLDER": str(load.folder)}) as (tutorial, peer_pid),
    ):
        predict = "/predict?model=yolov3-tiny"
        urls = {OURS: own + predict, TUTORIAL: tutorial + predict}
        measured = _large({name: url + "&format=json" for name, url in urls.items()})
        measured += _rates(urls)
        pids = {OURS: own_pid, TUTORIAL: peer_pid}
        measured += [Measured(MEMORY, name, "MB", (resident_mb(pid),)) for name, pid in pids.items()]
        others = {NCNN: "engine=ncnn", INT8: "precision=int8"}  # after the memory, which they add to
        return measured + _rates({name: f"{own}{predict}&{query}" for name, query in others.items()})


def _large(urls: Mapping[str, str]) -> list[Measured]:
    data = jpegs(LARGE_WH)[0]
    return in_turn(LARGE, "ms", {name: partial(_ms, url, data) for name, url in urls.items()}, rounds=7)


def _ms(url: str, data: bytes) -> float:
    start = time.perf_counter()
    assert _ask(url, 0, data)
    return 1000 * (time.perf_counter() - start)


def _rates(urls: Mapping[str, str]) -> list[Measured]:
    files = jpegs(SMALL_WH)
    alone = {name: [_ask(url, 0, data) for data in files] for name, url in urls.items()}
    rates: dict[str, list[float]] = {name: [] for name in urls}
    lost, wrong = dict.fromkeys(urls, 0), dict.fromkeys(urls, 0)
    for _ in range(ROUNDS):
        for name, url in urls.items():
            start = time.perf_counter()
            answers = _at_once(url, files)
            came = sum(bool(body) for body in answers)
            rates[name].append(came / (time.perf_counter() - start))
            lost[name] += REQUESTS - came
            wrong[name] += sum(
                bool(body) and body != alone[name][n % len(files)] for n, body in enumerate(answers)
            )
    return [
        measured
        for name in urls
        for measured in (
            Measured(RATE, name, "1/s", tuple(rates[name])),
            Measured(RATE, f"{name}: {LOST}", "", (lost[name],)),
            Measured(RATE, f"{name}: {WRONG}", "", (wrong[name],)),
        )
    ]


def _at_once(url: str, files: Sequence[bytes]) -> list[bytes]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda n: _ask(url, n, files[n % len(files)]), range(REQUESTS)))


def _ask(url: str, number: int, data: bytes) -> bytes:
    """What comes back, or nothing."""
    try:
        answer = CLIENT.post(url, files={"file": (f"{number}.jpg", data, "image/jpeg")})
    except httpx.HTTPError:
        return b""
    return answer.content if answer.status_code == 200 else b""
