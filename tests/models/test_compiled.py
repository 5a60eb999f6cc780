"""What engines keep on disk of what they made: found again, never half, never too much."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from detector.models import compiled


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_what_was_made_is_found_by_its_recipe_alone(tmp_path: Path) -> None:
    assert compiled.find(tmp_path / "new", "flour") is None
    compiled.keep(tmp_path / "new", "flour", b"bread")
    assert compiled.find(tmp_path / "new", "flour") == b"bread"
    assert compiled.find(tmp_path / "new", "sugar") is None


@pytest.mark.parametrize("damage", [b"brea", b"breaf", b"", b"breadd"])
def test_what_was_cut_or_changed_is_not_used_and_goes(tmp_path: Path, damage: bytes) -> None:
    compiled.keep(tmp_path, "flour", b"bread")
    (path,) = files_in(tmp_path)
    path.write_bytes(damage)
    assert compiled.find(tmp_path, "flour") is None
    assert files_in(tmp_path) == []


def test_the_longest_unused_goes_when_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "MOST_BYTES", 10)
    for recipe in ("one", "two"):
        compiled.keep(tmp_path, recipe, b"abcd")
    for path in files_in(tmp_path):
        os.utime(path, (300, 300))
    assert compiled.find(tmp_path, "one")  # so that "two" is the longest unused
    compiled.keep(tmp_path, "three", b"abcd")
    assert [compiled.find(tmp_path, recipe) for recipe in ("one", "two", "three")] == [b"abcd", None, b"abcd"]


def test_the_part_of_a_killed_process_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST_BYTES", 10)
    (tmp_path / "old.part").write_bytes(bytes(9))
    compiled.keep(tmp_path, "flour", b"bread")
    assert [path.suffix for path in files_in(tmp_path)] == [".compiled"]


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    compiled.keep(tmp_path / "file", "flour", b"bread")
    assert compiled.find(tmp_path / "file", "flour") is None


def test_many_that_keep_the_same_at_once_leave_it_whole(tmp_path: Path) -> None:
    made = bytes(range(256)) * 4000
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: compiled.keep(tmp_path, "flour", made), range(16)))
    assert compiled.find(tmp_path, "flour") == made
    assert len(files_in(tmp_path)) == 1
