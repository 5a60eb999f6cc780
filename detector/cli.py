"""The command line. It reads arguments, calls the pipeline and prints; exit codes: 0 good, 1 failed, 2 misused."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

import detector
from detector.errors import DetectorError, ImageError
from detector.pictures import FORMAT_OF_SUFFIX
from detector.settings import PRESETS, Config, Settings

F = TypeVar("F", bound=Callable[..., Any])
_PICTURE_SUFFIXES = (*FORMAT_OF_SUFFIX, ".gif")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(detector.__version__, package_name=None, message="%(version)s")
def cli() -> None:
    """Find what is in pictures with YOLOv3 and YOLOv3-tiny."""


def main() -> None:
    """Run the command line; an error that a user can mend ends it with one message and exit code 1."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets on standard error otherwise
    try:
        cli()
    except DetectorError as error:
        click.echo(f"detector: {error}", err=True)
        sys.exit(1)


def _settings_options(command: F) -> F:
    for option in (
        click.option(
            "--model", metavar="NAME|FOLDER", help="yolov3-tiny, yolov3, or a folder with your own."
        ),
        click.option("--engine", metavar="NAME", help="What runs the network; see `detector engines`."),
        click.option("--confidence", type=float, metavar="0-1", help="Keep what scores over this."),
        click.option("--preset", type=click.Choice(list(PRESETS)), help="tutorial (default) or darknet."),
        click.option(
            "--nms", "nms_iou", type=float, metavar="0-1", help="Largest overlap (IoU) of two boxes."
        ),
        click.option("--suppression", metavar="WAY", help="agnostic: across classes; class: within each."),
        click.option("--fit", metavar="WAY", help="stretch the picture to the input, or letterbox it."),
        click.option("--side", type=int, metavar="PIXELS", help="Input side, a multiple of 32."),
        click.option("--threads", type=int, metavar="N", help="Threads for one inference; 0: every core."),
    ):
        command = option(command)
    return command


@cli.command("detect")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURES...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write annotated copies there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for each picture.")
@_settings_options
def detect_command(
    pictures: tuple[str, ...], out: Path | None, as_json: bool, preset: str | None, **given: Any
) -> None:
    """Say what is in PICTURES: files, folders, or - for standard input.

    A picture that cannot be read is reported on standard error; the others are still done, and the exit code is 1.
    """
    config, settings = _configure(preset, given)
    engine = _load(config, settings)
    names = list(_expand(pictures))
    taken = {Path(name).resolve() for name in names}  # a copy never lands on a picture, nor on another copy
    failed = 0
    for name in names:
        try:
            picture = detector.read_picture(_read(name), config.limits)
            result = detector.detect(picture, engine, settings)
            if out:
                _write(_unused(out, name, taken), detector.draw(picture, result.detections))
        except ImageError as error:
            failed += 1
            click.echo(f"detector: {name}: {error}", err=True)
            continue
        _print(result, name, as_json)
    if failed:
        sys.exit(1)


@cli.command("models")
@click.option("--model", "folders", multiple=True, metavar="FOLDER", help="List this folder's model too.")
def models_command(folders: tuple[str, ...]) -> None:
    """List the models: size of the weights, whether they are here and verified, where."""
    from detector.models.registry import Registry
    from detector.models.store import Store

    config = Config.from_env(os.environ)
    store = Store.open(config.home)
    for model in Registry().with_folders(*config.model_folders, *map(Path, folders)).models:
        where = model.where(store)
        state = f"{model.trust}  {where}" if where else f"not here; detector pull {model.name}"
        click.echo(f"{model.name:<14} {model.size_bytes / 1e6:6.1f} MB  {state}")


@cli.command("pull")
@click.argument("model")
def pull_command(model: str) -> None:
    """Fetch and verify the weights of MODEL."""
    from detector.models.registry import Registry
    from detector.models.store import Store

    config = Config.from_env(os.environ)
    with _bar(model) as progress:
        files = (
            Registry().with_folders(*config.model_folders).get(model).files(Store.open(config.home), progress)
        )
    click.echo(f"{model}: {files.weights}")


@cli.command("engines")
def engines_command() -> None:
    """List the engines: version, or why one cannot be used."""
    from detector.engines.catalog import ENGINES

    for entry in ENGINES:
        state = entry.problem() or f"{entry.version():<12} {entry.summary}"
        click.echo(f"{entry.name:<12} {state}")


def _configure(preset: str | None, given: dict[str, Any]) -> tuple[Config, Settings]:
    """Environment, then preset, then options; a model that is a folder joins the configured folders."""
    config = Config.from_env(os.environ)
    chosen = {key: value for key, value in given.items() if value is not None}
    model = chosen.get("model", "")
    if model and (os.sep in model or Path(model).is_dir()):
        folder = Path(model).resolve()
        config = replace(config, model_folders=(*config.model_folders, folder))
        chosen["model"] = folder.name
    settings = config.settings.preset(preset) if preset else config.settings
    return config, replace(settings, **chosen)


def _load(config: Config, settings: Settings) -> "detector.Engine":
    from detector.models.registry import Registry
    from detector.models.store import Store

    registry = Registry().with_folders(*config.model_folders)
    with _bar(settings.model) as progress:
        return detector.load(settings, Store.open(config.home), registry, progress)


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; it appears with the first byte, and only where somebody watches."""
    from tqdm import tqdm

    bars: list[tqdm[Any]] = []

    def progress(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(desc=name, total=total, unit="B", unit_scale=True, disable=None))
        bars[0].total = total
        bars[0].update(done - bars[0].n)

    try:
        yield progress
    finally:
        for bar in bars:
            bar.close()


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
