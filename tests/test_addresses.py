"""Addresses: paths, and what fsspec knows. Its file system in memory stands for those far away."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.addresses import Folder, expand, is_remote, read, write
from detector.errors import DetectorError, ImageError


@pytest.fixture
def memory() -> Iterator[str]:
    """An address in fsspec's memory, emptied afterwards."""
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    from fsspec.implementations.memory import MemoryFileSystem

    yield "memory:///bucket"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def fill(folder: Folder) -> None:
    for name in ("b.jpg", "a.PNG", "deep/er/c.webp", "notes.txt", "noend"):
        folder.write(name, name.encode())


@pytest.mark.parametrize(
    ("address", "remote"),
    [("a.jpg", False), ("/a/b", False), ("a:b", False), ("s3://a/b.jpg", True), ("https://a/b.jpg", True)],
)
def test_what_has_a_protocol_is_remote(address: str, remote: bool) -> None:
    assert is_remote(address) == remote


def test_a_folder_stands_for_all_pictures_in_it_by_name_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(Folder.at(str(tmp_path)))
    monkeypatch.chdir(tmp_path)
    expected = [str(tmp_path / name) for name in ("a.PNG", "b.jpg", "deep/er/c.webp")]
    assert expand(["."]) == expected
    assert expand(["noend", ".", "b.jpg"]) == [str(tmp_path / "noend"), *expected]


def test_a_remote_folder_stands_for_all_pictures_in_it_by_name(memory: str) -> None:
    fill(Folder.at(memory))
    assert expand([memory]) == [f"{memory}/{name}" for name in ("a.PNG", "b.jpg", "deep/er/c.webp")]
    assert expand([f"{memory}/noend", f"{memory}/deep/"]) == [f"{memory}/noend", f"{memory}/deep/er/c.webp"]


def test_what_is_not_there_is_told_when_it_is_read(tmp_path: Path, memory: str) -> None:
    for address in (str(tmp_path / "no.jpg"), f"{memory}/no.jpg"):
        assert expand([address]) == [address]
        with pytest.raises(ImageError, match=r"cannot be read: (No such file|nothing lies there)"):
            read(address)


@pytest.mark.parametrize("name", ["n" * 300 + ".png", "nu\0ll.png"], ids=["long", "null"])
def test_a_name_that_no_file_can_have_is_told_when_it_is_read(name: str) -> None:
    (address,) = expand([name])
    with pytest.raises(ImageError, match="cannot be read: "):
        read(address)


def test_a_folder_without_pictures_is_an_error(tmp_path: Path, memory: str) -> None:
    for folder in (str(tmp_path), memory):
        Folder.at(folder).write("notes.txt", b"")
        with pytest.raises(DetectorError, match=re.escape(f"{folder} holds no pictures (.jpg, ")):
            expand([folder])


def test_a_folder_keeps_and_lists_files_here_and_far_away(tmp_path: Path, memory: str) -> None:
    for folder in (Folder.at(str(tmp_path / "new")), Folder.at(f"{memory}/new/")):
        assert folder.names() == []
        folder.write("b", b"1")
        folder.write("a", b"2")
        folder.write("b", b"3")
        assert folder.names() == ["a", "b"]
        assert (folder.read("a"), folder.read("b")) == (b"2", b"3")
        with pytest.raises(DetectorError, match="/c cannot be read: "):
            folder.read("c")


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    write(target, b"before")

    def half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(DetectorError, match="a cannot be written: No space left on device"):
        write(target, b"after")
    assert target.read_bytes() == b"before"


def test_where_nothing_can_be_written_it_is_told(tmp_path: Path, memory: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DetectorError, match="file/new/a cannot be written: Not a directory"):
        Folder.at(str(tmp_path / "file" / "new")).write("a", b"")
    with pytest.raises(DetectorError, match="file cannot be listed: Not a directory"):
        Folder.at(str(tmp_path / "file")).names()


def test_a_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    from fsspec.registry import known_implementations

    monkeypatch.setitem(known_implementations, "far", {"class": "farfs.FarFileSystem", "err": "Install it"})
    expected = r"farfs is not installed, which far://.* needs; pip install farfs"
    for use in (lambda: read("far://a/b.jpg"), lambda: expand(["far://a"]), Folder.at("far://a").names):
        with pytest.raises(DetectorError, match=expected) as caught:
            use()
        assert not isinstance(caught.value, ImageError)  # every picture would say the same


def test_without_fsspec_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("fsspec", "fsspec.core"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        DetectorError, match=r"fsspec is not installed, which s3://b/a.jpg needs; pip install fsspec"
    ):
        read("s3://b/a.jpg")


def test_an_unknown_protocol_is_an_error(memory: str) -> None:
    with pytest.raises(DetectorError, match=r"nope://a: Protocol not known: nope; s3://, "):
        read("nope://a")
