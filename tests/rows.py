"""Folders of pictures to become rows, and what the rows say."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from PIL import Image

from detector.addresses import Folder
from detector.cli import cli
from detector.results.parts import read_rows
from tests.builders import file_bytes, noise_picture


def run(*arguments: str, catch: bool = True) -> Result:
    """The command line; an error is in the result, or is raised."""
    return CliRunner().invoke(cli, arguments, catch_exceptions=catch)


def rows_in(out: str | Path) -> list[dict[str, Any]]:
    """One row for each address, by address."""
    rows: list[dict[str, Any]] = read_rows(Folder.at(str(out))).to_pylist()
    return rows


def parts_in(out: Path) -> list[Path]:
    """The files of rows."""
    return sorted(out.glob("part-*.parquet"))


def picture_folder(folder: Path, count: int, width: int = 120, height: int = 80) -> Path:
    """That many pictures, one of them deeper; one that breaks off; one that is empty; and text, which is no picture."""
    (folder / "deeper").mkdir(parents=True)
    for seed in range(count):
        name = "deeper/a.PNG" if not seed else f"{seed}.png"
        picture = Image.fromarray(noise_picture(width, height, seed).pixels)
        (folder / name).write_bytes(file_bytes(picture, "PNG", compress_level=1))
    (folder / "cut.png").write_bytes((folder / "deeper" / "a.PNG").read_bytes()[:500])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture")
    return folder
