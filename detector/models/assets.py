"""Files that are not part of the package, known by length and SHA-256."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Progress = Callable[[int, int], None]  # bytes so far, bytes in all
CHUNK_BYTES = 1 << 20


def ignore_progress(done: int, total: int) -> None:
    """For callers that show none."""


class Source(Protocol):
    """A place that may have an asset."""

    def fetch(self, asset: "Asset", target: Path, progress: Progress, /) -> None:
        """Write the asset's bytes to `target`, unverified. Raises DownloadError where they cannot be had."""


@dataclass(frozen=True)
class Asset:
    """A file: its name, length, SHA-256, the sources to try in order, and folders that may hold it already."""

    name: str
    size_bytes: int
    sha256: str
    sources: tuple[Source, ...]
    other_folders: tuple[str, ...] = ()

    def complaint(self, path: Path) -> str | None:
        """Why the file at `path` is not this asset, or None where length and SHA-256 are right."""
        try:
            size = path.stat().st_size
            if size != self.size_bytes:
                return f"it has {size:,} bytes, not {self.size_bytes:,}"
            return None if sha256_of(path) == self.sha256 else "its SHA-256 is not the expected one"
        except OSError as error:
            return f"it cannot be read ({error.strerror or error})"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
