"""`detector detect`: what is in pictures, folders and standard input."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import detector
from detector.commands.options import configure, load_engine, settings_options
from detector.errors import DetectorError, ImageError
from detector.pictures import FORMAT_OF_SUFFIX

_PICTURE_SUFFIXES = (*FORMAT_OF_SUFFIX, ".gif")


@click.command("detect")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURES...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write annotated copies there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for each picture.")
@settings_options
def detect_command(
    pictures: tuple[str, ...], out: Path | None, as_json: bool, preset: str | None, **given: Any
) -> None:
    """Say what is in PICTURES: files, folders, or - for standard input.

    A picture that cannot be read is reported on standard error; the others are still done, and the exit code is 1.
    """
    config, settings = configure(preset, given)
    engine = load_engine(config, settings)
    names = list(_expand(pictures))
    taken = {Path(name).resolve() for name in names}  # a copy never lands on a picture, nor on another copy
    failed = 0
    for name in names:
        try:
            data = _read(name)
            result = detector.detect_in(data, engine, settings, config.limits)
            if out:
                picture = detector.read_picture(data, config.limits)
                _write(_unused(out, name, taken), detector.draw(picture, result.detections))
        except ImageError as error:
            failed += 1
            click.echo(f"detector: {name}: {error}", err=True)
            continue
        _print(result, name, as_json)
    if failed:
        sys.exit(1)


def _expand(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if name != "-" and Path(name).is_dir():
            yield from _pictures_in(Path(name))
        else:
            yield name


def _pictures_in(folder: Path) -> list[str]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURE_SUFFIXES)
    except OSError as error:
        raise ImageError(f"{folder} cannot be read: {error.strerror or error}") from error
    if not inside:
        raise ImageError(f"{folder} holds no pictures ({', '.join(_PICTURE_SUFFIXES)})")
    return [str(path) for path in inside]


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}") from error


def _print(result: "detector.Result", name: str, as_json: bool) -> None:
    if as_json:
        from detector.results.report import report

        click.echo(json.dumps(report(result, name)))
        return
    found = result.detections
    click.echo(f"========================\nImage processed: {Path(name).name}\n")
    for label, score in zip(found.labels, found.scores.tolist(), strict=True):
        click.echo(f"Detected object: {label} with confidence level of {score}")
    if not len(found):
        click.echo(f"Nothing with a confidence over {result.settings.confidence}; try a lower --confidence")
    click.echo()


def _unused(folder: Path, name: str, taken: set[Path]) -> Path:
    """Where the copy goes: under the picture's name, numbered where that is taken; `taken` learns of it."""
    path = Path("stdin.jpg" if name == "-" else name)
    suffix = path.suffix if path.suffix.lower() in FORMAT_OF_SUFFIX else ".png"
    target, number = folder / f"{path.stem}{suffix}", 1
    while target.resolve() in taken:
        number += 1
        target = folder / f"{path.stem}-{number}{suffix}"
    taken.add(target.resolve())
    return target


def _write(target: Path, picture: "detector.Picture") -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(detector.encode(picture, target.suffix))
    except OSError as error:
        raise DetectorError(f"{target} cannot be written: {error.strerror or error}") from error
