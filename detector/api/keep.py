"""Uploads kept in a folder, where somebody has asked for that: under our own names, and never over a total size."""

import hashlib
import io
import logging
from pathlib import Path
from threading import Lock

from PIL import Image

from detector.pictures.decode import FORMATS

log = logging.getLogger(__name__)


class Keeper:
    """Writes pictures that could be read, each once, until the folder is full."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most_bytes, self._lock = folder, most_bytes, Lock()

    def keep(self, data: bytes) -> None:
        """Keep the picture under its SHA-256; where that cannot be, the log says so and the answer is given."""
        name = f"{hashlib.sha256(data).hexdigest()}.{_format(data)}"
        try:
            with self._lock:
                self._write(self._folder / name, data)
        except OSError as error:
            log.warning("an upload could not be kept: %s", error.strerror or error)

    def _write(self, target: Path, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = sum(file.stat().st_size for file in self._folder.iterdir() if file.is_file())
        if target.exists():
            return
        if kept + len(data) > self._most_bytes:
            log.warning(
                "an upload was not kept: the folder holds %d bytes, max_kept_bytes is %d",
                kept,
                self._most_bytes,
            )
            return
        part = target.with_suffix(".part")
        part.write_bytes(data)
        part.replace(target)


def _format(data: bytes) -> str:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return (image.format or "picture").lower()
