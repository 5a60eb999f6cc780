"""A process of its own: reads every picture of a folder and prints, a line of JSON each, the answer and its cost.

Run as `python -m tests.robust.measure FOLDER LIMIT_MB`; the limit is of address space beyond what it starts with.
"""

import contextlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from detector.errors import ImageError
from detector.pictures.decode import read_picture


def main(folder: Path, limit_mb: int) -> None:
    """One line for each file, by name."""
    with contextlib.suppress(ImageError):
        read_picture(b"\xff")  # now every decoder that there is has been looked at
    used = _status("VmSize") << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + (limit_mb << 20),) * 2)
    for path in sorted(folder.iterdir()):
        sys.stdout.write(json.dumps({"file": path.name, **measured(path.read_bytes())}) + "\n")


def measured(data: bytes) -> dict[str, Any]:
    """The answer, seconds of processor time, and the highest resident memory beyond what there was before."""
    _forget_peak()
    before, start, picture, refused = _status("VmRSS"), time.process_time(), None, ""
    try:
        picture = read_picture(data)
    except ImageError as error:  # anything else ends the process
        refused = str(error)
    cost = {"seconds": time.process_time() - start, "peak_mb": (_status("VmHWM") - before) / 1024}
    if picture is None:
        return {"refused": refused, **cost}
    some = picture.pixels[:: max(1, len(picture.pixels) // 100)]
    return {"size_wh": picture.size_wh, "colour": some.reshape(-1, 3).mean(0).tolist(), **cost}


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _status(key: str) -> int:
    """In KiB."""
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{key}:")[1].split()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
