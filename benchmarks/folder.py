"""A folder of pictures, beside what the network alone would take for them."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.figures import Measured
from benchmarks.peers import ROOT
from benchmarks.workload import SMALL_WH, Workload, jpegs
from detector.engines.base import NetworkEngine
from detector.engines.catalog import open_engine
from detector.settings import Settings
from detector.yolo.prepare import prepare

FOLDER = "pictures of a folder"
OURS, ALONE = "detector detect FOLDER --out", "the network alone"
FEW, MANY, ROUNDS = 20, 100, 3


def measure(load: Workload) -> list[Measured]:
    """Pictures a second; the start of the process is taken off by measuring two folders."""
    ours, alone = [], []
    for _ in range(ROUNDS):
        alone.append(_alone(load))
        few, many = (_folder_s(load, count) for count in (FEW, MANY))
        ours.append((MANY - FEW) / (many - few))
    return [Measured(FOLDER, OURS, "1/s", tuple(ours)), Measured(FOLDER, ALONE, "1/s", tuple(alone))]


def _alone(load: Workload) -> float:
    engine = open_engine(load.tiny, Settings())
    assert isinstance(engine, NetworkEngine)
    tensor, _ = prepare(load.picture, engine.input_wh, "stretch")
    start = time.perf_counter()
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as threads:
        list(threads.map(lambda _: engine.forward(tensor), range(MANY)))
    return MANY / (time.perf_counter() - start)


def _folder_s(load: Workload, count: int) -> float:
    folder = load.folder / f"{count} pictures"
    folder.mkdir(exist_ok=True)
    files = jpegs(SMALL_WH)
    for number in range(count):
        (folder / f"{number:03}.jpg").write_bytes(files[number % len(files)])
    command = [
        sys.executable,
        "-m",
        "detector",
        "detect",
        str(folder),
        "--out",
        str(load.folder / "annotated"),
    ]
    env = {**os.environ, "DETECTOR_HOME": str(load.store.folder)}
    start = time.perf_counter()
    subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start
