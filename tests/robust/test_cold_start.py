"""The first inference of a process, from several threads at once: each try needs a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, model_files

pytestmark = [pytest.mark.slow, pytest.mark.robust]
ROOT = Path(__file__).parent.parent.parent
TRIES, SECONDS = 60, 60  # without a first inference by one thread alone, about 1 of 10 never ended
FOUR_AT_ONCE = """
import faulthandler, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
import detector
from detector.models.registry import Registry
from tests.builders import noise_picture
faulthandler.dump_traceback_later({seconds}, exit=True)
folder = Path(sys.argv[1])
settings = detector.Settings(model=folder.name, confidence=0.1)
engine = detector.load(settings, detector.Store.open(folder / "home"), Registry().with_folders(folder))
picture, start = noise_picture(96, 64), Barrier(4)
def work(_):
    start.wait()
    return engine.detect(picture, settings).boxes.tolist()
with ThreadPoolExecutor(4) as threads:
    one, *others = threads.map(work, range(4))
assert one and all(other == one for other in others)
"""


def test_four_threads_may_be_the_first_to_detect(tmp_path: Path) -> None:
    model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", FOUR_AT_ONCE.format(seconds=SECONDS), str(tmp_path / "own")]
    for number in range(TRIES):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"try {number}: {done.stderr[-3000:]}"
