"""Where pictures lie and results go: paths of this machine, and addresses that fsspec knows, such as s3://."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.errors import DetectorError, ImageError
from detector.pictures import FORMAT_OF_SUFFIX

PICTURE_SUFFIXES = (*FORMAT_OF_SUFFIX, ".gif")
_NEVER_FOLDERS = ("http://", "https://")  # a web server has pages, and no listing that could be relied on


def is_remote(address: str) -> bool:
    """Whether it is no path of this machine."""
    return "://" in address


def expand(names: Sequence[str]) -> list[str]:
    """Every picture that the names stand for, each once: of a folder all that lie in it, however deep, by name.

    Paths are given in full, so that they mean the same wherever they are read. Raises DetectorError for a folder that
    cannot be listed or holds no pictures, and where the package for a protocol is missing.
    """
    pictures = (picture for name in names for picture in _expand(name))
    return list(dict.fromkeys(pictures))


def read(address: str) -> bytes:
    """The bytes that lie there. Raises ImageError; DetectorError where the package for the protocol is missing."""
    if not is_remote(address):
        try:
            return Path(address).read_bytes()
        except (OSError, ValueError) as error:  # ValueError: a null byte in the name
            raise ImageError(f"cannot be read: {_reason(error)}") from error
    files, path = _opened(address)
    with _told("cannot be read", ImageError):
        data: bytes = files.cat_file(path)
        return data


def write(target: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all. Raises DetectorError."""
    part = target.with_name(f".{abs(hash(target.name)):x}.part")  # no longer than any name may be
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        raise DetectorError(f"{target} cannot be written: {error.strerror or error}") from error


@dataclass(frozen=True)
class Folder:
    """A folder of files by name, here or far away; it comes into being with its first file.

    address: a path in full, or an address.
    """

    address: str

    @classmethod
    def at(cls, address: str) -> "Folder":
        """The folder at a path or an address."""
        return cls(address.rstrip("/") if is_remote(address) else os.path.abspath(address))  # noqa: PTH100 - keeps links

    def names(self) -> list[str]:
        """What lies in it, sorted; nothing where it is not there. Raises DetectorError."""
        with _told(f"{self.address} cannot be listed"):
            if not is_remote(self.address):
                return sorted(os.listdir(self.address)) if Path(self.address).exists() else []  # noqa: PTH208
            files, path = _opened(self.address)
            files.invalidate_cache()
            try:
                return sorted(inside.rsplit("/", 1)[-1] for inside in files.ls(path, detail=False))
            except FileNotFoundError:
                return []

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises DetectorError."""
        try:
            return read(f"{self.address}/{name}")
        except ImageError as error:
            raise DetectorError(f"{self.address}/{name} {error}") from error

    def write(self, name: str, data: bytes) -> None:
        """Write a file that is there whole or not at all; one of that name is replaced. Raises DetectorError."""
        if not is_remote(self.address):
            write(Path(self.address) / name, data)
            return
        files, path = _opened(f"{self.address}/{name}")
        with _told(f"{self.address}/{name} cannot be written"):
            files.pipe_file(path, data)  # one request, which an object store carries out whole or not at all


def _expand(name: str) -> list[str]:
    inside, is_folder = _remote_files(name) if is_remote(name) else _local_files(name)
    if not is_folder:
        return inside
    pictures = sorted(path for path in inside if path.lower().endswith(PICTURE_SUFFIXES))
    if not pictures:
        raise ImageError(f"{name} holds no pictures ({', '.join(PICTURE_SUFFIXES)})")
    return pictures


def _local_files(name: str) -> tuple[list[str], bool]:
    """The file, or the files in the folder, and whether it is one."""
    path = os.path.abspath(name)  # noqa: PTH100 - Path.resolve would follow links
    if not os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir it takes any name
        return [path], False
    with _told(f"{name} cannot be read", ImageError):
        walk = os.walk(path, onerror=_raise)
        return [os.path.join(folder, file) for folder, _, files in walk for file in files], True  # noqa: PTH118


def _remote_files(address: str) -> tuple[list[str], bool]:
    files, path = _opened(address)
    if address.startswith(_NEVER_FOLDERS):
        return [address], False
    with _told(f"{address} cannot be listed"):
        if not files.isdir(path):
            return [address], False
        return [files.unstrip_protocol(inside) for inside in files.find(path)], True


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it. Raises DetectorError, which says what to install."""
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(address)
    except ImportError as error:
        module = getattr(error.__cause__ or error, "name", None) or "fsspec"
        missing = module.partition(".")[0]
        raise DetectorError(
            f"{missing} is not installed, which {address} needs; pip install {missing}"
        ) from error
    except ValueError as error:
        raise DetectorError(
            f"{address}: {error}; s3://, gs:// and https:// are some that are known"
        ) from error
    return files, path


@contextmanager
def _told(what: str, kind: type[DetectorError] = DetectorError) -> Iterator[None]:
    """Every file system has errors of its own; here they become ours."""
    try:
        yield
    except DetectorError:
        raise
    except Exception as error:
        raise kind(f"{what}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """One line. Of what is not there some file systems say no more than the address."""
    if isinstance(error, FileNotFoundError) and not error.strerror:
        return "nothing lies there"
    text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return " ".join(text.split())


def _raise(error: OSError) -> None:
    raise error
