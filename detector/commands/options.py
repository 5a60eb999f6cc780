"""What several commands share: the options of a detection, loading with a bar."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

import detector
from detector.machine import Machine
from detector.settings import PRESETS, Config, Settings

if TYPE_CHECKING:
    from detector.models.registry import ModelFiles

MANY = 8  # pictures, for which another compilation pays
F = TypeVar("F", bound=Callable[..., Any])


def settings_options(command: F) -> F:
    """Every option that decides an answer; each overrides its environment variable."""
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
        click.option(
            "--precision", metavar="TYPE", help="float32, bfloat16 or int8; see `detector quantize`."
        ),
        click.option("--threads", type=int, metavar="N", help="Threads for one inference; 0: every core."),
    ):
        command = option(command)
    return command


def configure(preset: str | None, given: dict[str, Any]) -> tuple[Config, Settings]:
    """Environment, then preset, then options; a model that is a folder joins the configured folders."""
    return lay_over(Config.from_env(os.environ), preset, given)


def lay_over(config: Config, preset: str | None, given: dict[str, Any]) -> tuple[Config, Settings]:
    """The settings of `config`, with preset, then options laid over them."""
    chosen = {key: value for key, value in given.items() if value is not None}
    model = chosen.get("model", "")
    if model and (os.sep in model or Path(model).is_dir()):
        folder = Path(model).resolve()
        config = replace(config, model_folders=(*config.model_folders, folder))
        chosen["model"] = folder.name
    settings = config.settings.preset(preset) if preset else config.settings
    return config, replace(settings, **chosen)


def load_engine(config: Config, settings: Settings, pictures: int = 1) -> "detector.Engine":
    """The engine of the settings, with a bar where weights must be fetched first.

    For many pictures, and threads that nobody chose, each inference has one: all end sooner, each by itself later.
    """
    from detector.engines.catalog import find_engine
    from detector.models.registry import Registry
    from detector.models.store import Store

    registry = Registry().with_folders(*config.model_folders)
    if pictures > MANY and settings.threads == 0 and find_engine(settings.engine).side_by_side:
        settings = replace(settings, threads=1)
    with download_bar(settings.model) as progress:
        return detector.load(settings, Store.open(config.home), registry, progress)


@contextmanager
def download_bar(name: str) -> Iterator[Callable[[int, int], None]]:
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


def workers() -> int:
    """Threads for many pictures: while each core computes, two more read and write."""
    return Machine.here().cores + 2


def picture_bar(pictures: int) -> Any:
    """A bar with pictures a second on standard error, for many pictures and where somebody watches."""
    from tqdm import tqdm

    return tqdm(total=pictures, unit=" pictures", disable=None if pictures > 1 else True)


def model_files(config: Config, model: str) -> "ModelFiles":
    """The files of a model, fetched with a bar where they are not here."""
    from detector.models.registry import Registry
    from detector.models.store import Store

    with download_bar(model) as progress:
        registry = Registry().with_folders(*config.model_folders)
        return registry.get(model).files(Store.open(config.home), progress)
