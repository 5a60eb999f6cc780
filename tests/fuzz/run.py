"""Coverage-guided fuzzing with atheris: `python -m tests.fuzz.run picture|cfg|weights SECONDS [FOLDER]`.

Inputs that reach new code are kept in FOLDER for the next run. An input that lets another error out is written to
the current folder as crash-*, and ends the run.
"""

import resource
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["detector", "PIL"]):
    from tests.fuzz.targets import TARGETS, seeds


def main(name: str, seconds: int, folder: Path) -> None:
    """Fuzz until the time is up."""
    start = folder / "seeds"
    start.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (start / f"{number:04}").write_bytes(data)
    found = folder / "found"
    found.mkdir(exist_ok=True)
    # libFuzzer goes by the most that this process ever had, and Linux counts what its starter had as that.
    had_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    options = [
        f"-max_total_time={seconds}", "-max_len=30000", f"-rss_limit_mb={had_mb + 2048}", "-timeout=60"
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(found), str(start)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    kept = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp())
    main(sys.argv[1], int(sys.argv[2]), kept)
