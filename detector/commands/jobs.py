"""What `detector detect` works on: pictures from arguments, and where the copy of each goes."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detector import addresses
from detector.addresses import PICTURE_SUFFIXES
from detector.errors import ImageError
from detector.pictures import FORMAT_OF_SUFFIX


@dataclass(frozen=True)
class Job:
    """One picture: its path, address or "-" for standard input, and where its annotated copy goes, if one is wanted."""

    name: str
    target: Path | None = None

    def read(self) -> bytes:
        """The file's bytes. Raises ImageError."""
        if self.name != "-":
            return addresses.read(self.name)
        try:
            return sys.stdin.buffer.read()
        except OSError as error:
            raise ImageError(f"cannot be read: {error.strerror or error}") from error


def plan(names: Sequence[str], out: Path | None) -> list[Job]:
    """A job for each file, for each picture in a folder, and for "-".

    A copy never lands on a picture that was given, nor on another copy: it gets a number where its name is taken.
    Raises ImageError for a folder that cannot be read or holds no pictures.
    """
    pictures = [picture for name in names for picture in _expand(name)]
    taken = {Path(name).resolve() for name in pictures}
    return [Job(name, _unused(out, name, taken) if out else None) for name in pictures]


def _expand(name: str) -> list[str]:
    return _pictures_in(Path(name)) if name != "-" and _is_folder(name) else [name]


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # no file can have that name; reading it will say so
        return False


def _pictures_in(folder: Path) -> list[str]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    except OSError as error:
        raise ImageError(f"{folder} cannot be read: {error.strerror or error}") from error
    if not inside:
        raise ImageError(f"{folder} holds no pictures ({', '.join(PICTURE_SUFFIXES)})")
    return [str(path) for path in inside]


def _unused(folder: Path, name: str, taken: set[Path]) -> Path:
    """Where the copy goes; `taken` learns of it."""
    path = Path("stdin.jpg" if name == "-" else name)
    suffix = path.suffix if path.suffix.lower() in FORMAT_OF_SUFFIX else ".png"
    target, number = folder / f"{path.stem}{suffix}", 1
    while target.resolve() in taken:
        number += 1
        target = folder / f"{path.stem}-{number}{suffix}"
    taken.add(target.resolve())
    return target
