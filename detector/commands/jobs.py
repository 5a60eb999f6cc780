"""What `detector detect` works on: pictures from arguments, and where the copy of each goes."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from detector.errors import DetectorError, ImageError
from detector.pictures import FORMAT_OF_SUFFIX

T = TypeVar("T")
_PICTURE_SUFFIXES = (*FORMAT_OF_SUFFIX, ".gif")


@dataclass(frozen=True)
class Job:
    """One picture: its path or "-" for standard input, and where its annotated copy goes, if one is wanted."""

    name: str
    target: Path | None = None

    def read(self) -> bytes:
        """The file's bytes. Raises ImageError."""
        try:
            return sys.stdin.buffer.read() if self.name == "-" else Path(self.name).read_bytes()
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


def in_order(work: Callable[[Job], T], jobs: Iterable[Job], threads: int) -> Iterator[tuple[Job, T]]:
    """Each job with its result, in order, while threads work ahead: one decodes or writes while another computes."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[tuple[Job, Future[T]]] = deque()
        try:
            for job in jobs:
                ahead.append((job, pool.submit(work, job)))
                if len(ahead) > 2 * threads:
                    first, result = ahead.popleft()
                    yield first, result.result()
            for job, result in ahead:
                yield job, result.result()
        finally:
            pool.shutdown(cancel_futures=True)


def write(target: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all. Raises DetectorError."""
    part = target.with_name(f".{abs(hash(target.name)):x}.part")  # no longer than any name may be
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        raise DetectorError(f"{target} cannot be written: {error.strerror or error}") from error


def _expand(name: str) -> list[str]:
    return _pictures_in(Path(name)) if name != "-" and _is_folder(name) else [name]


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # no file can have that name; reading it will say so
        return False


def _pictures_in(folder: Path) -> list[str]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURE_SUFFIXES)
    except OSError as error:
        raise ImageError(f"{folder} cannot be read: {error.strerror or error}") from error
    if not inside:
        raise ImageError(f"{folder} holds no pictures ({', '.join(_PICTURE_SUFFIXES)})")
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
