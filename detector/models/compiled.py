"""What an engine made of a model, kept on disk, so that the next start need not make it again.

A file is named by what it was made from and by its own SHA-256: one that was cut or changed is not used. Processes
may share a folder: a file appears whole, and of two that make the same one either will do.
"""

import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

MOST_BYTES = 1_000_000_000  # in one folder; the longest unused go first
_SUFFIX, _PART = ".compiled", ".part"


def find(folder: Path, recipe: str) -> bytes | None:
    """What was made by this recipe, which has everything that decides what comes out; None where it is not here."""
    key = _key(recipe)
    for path in folder.glob(f"{key}-*{_SUFFIX}"):
        with suppress(OSError):
            made = path.read_bytes()
            if path.name == _name(key, made):
                os.utime(path)  # used just now
                return made
            path.unlink()
    return None


def keep(folder: Path, recipe: str, made: bytes) -> None:
    """For `find` at another start. A folder that cannot be written to costs time later and nothing else."""
    key = _key(recipe)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        _make_room(folder, MOST_BYTES - len(made))
        handle, part = tempfile.mkstemp(_PART, key, folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(made)
            Path(part).replace(folder / _name(key, made))
        finally:
            Path(part).unlink(missing_ok=True)


def _make_room(folder: Path, most_bytes: int) -> None:
    """Parts of processes that were killed count too, and go like the others."""
    files = [(path, path.stat()) for path in folder.iterdir() if path.suffix in (_SUFFIX, _PART)]
    total = sum(status.st_size for _, status in files)
    for path, status in sorted(files, key=lambda one: one[1].st_mtime):
        if total <= most_bytes:
            break
        path.unlink(missing_ok=True)
        total -= status.st_size


def _key(recipe: str) -> str:
    return sha256(recipe.encode()).hexdigest()[:32]


def _name(key: str, made: bytes) -> str:
    return f"{key}-{sha256(made).hexdigest()[:32]}{_SUFFIX}"
