"""`detector evaluate`: how right detections are, by pictures with labels."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

import detector
from detector.addresses import write
from detector.ahead import in_order
from detector.commands.jobs import Job
from detector.commands.options import configure, lay_over, load_engine, picture_bar, settings_options, workers
from detector.errors import DetectorError, ImageError
from detector.settings import Config, Settings

if TYPE_CHECKING:
    from detector.evaluation.report import Evaluated
    from detector.evaluation.truth import Example

    Labelled = tuple[tuple[str, ...], list[Example]]  # the model's class names, and the pictures

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Way:
    """One way to detect. reduced: as every shell does it, a large JPEG is decoded only as far as it is used."""

    config: Config
    settings: Settings
    reduced: bool


def way_options(command: F) -> F:
    """All that makes one way differ from another."""
    decoding = click.option(
        "--reduced/--full",
        default=None,
        help="Decode large JPEGs as far as the network uses them (default), or whole.",
    )
    return settings_options(decoding(command))


@click.command("evaluate")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--labels", type=click.Path(path_type=Path, exists=True), help="COCO JSON, or folder of YOLO text files."
)
@click.option(
    "--against", metavar="CHANGES", help='Compare with a second way: "side=608,preset=darknet,full".'
)
@click.option("--classes", is_flag=True, help="Print every class too.")
@click.option(
    "--json", "json_to", type=click.Path(path_type=Path, dir_okay=False), help="Write everything there."
)
@click.option("--plots", type=click.Path(path_type=Path, dir_okay=False), help="Draw curves there, a .png.")
@way_options
def evaluate_command(
    folder: Path, labels: Path | None, classes: bool, preset: str | None, **given: Any
) -> None:
    """Measure mAP and recall on the pictures in FOLDER by their labels: YOLO's text files or a COCO JSON.

    Pictures and text files lie in images/ and labels/, or side by side. What scores over 0.001 is measured, whatever
    --confidence says: that sets where precision and recall are told.
    """
    from detector.evaluation import report
    from detector.evaluation.plots import draw_plots

    against, json_to, plots = (given.pop(name) for name in ("against", "json_to", "plots"))
    _need("pycocotools", *(["matplotlib"] if plots else []))
    if plots and plots.suffix.lower() != ".png":
        raise click.UsageError(f"--plots draws a .png, not {plots}")
    first = _first_way(preset, given)
    ways = [first, *([_changed(first, against)] if against else [])]
    labelled = [_labelled(folder, labels, way) for way in ways]  # a mistake is told before long work
    evaluated = [_evaluate(way, each) for way, each in zip(ways, labelled, strict=True)]
    click.echo(report.text(evaluated, classes))
    if json_to:
        write(json_to, (json.dumps(report.as_json(evaluated), indent=1) + "\n").encode())
    if plots:
        write(plots, draw_plots(evaluated))


def _first_way(preset: str | None, given: dict[str, Any]) -> Way:
    reduced = given.pop("reduced")
    config, settings = configure(preset, given)
    return Way(config, settings, reduced is not False)


@click.command("--against", add_help_option=False)
@way_options
def _changes(**given: Any) -> None:
    """Only parsed, never run: so a change is checked as the option of that name is."""


def _changed(way: Way, changes: str) -> Way:
    """The way with the changes laid over it: the options above without hyphens, between commas."""
    arguments = [f"--{change.strip()}" for change in changes.split(",") if change.strip()]
    try:
        given = _changes.make_context("--against", arguments).params
    except click.UsageError as error:
        raise click.UsageError(f"--against {changes!r}: {error.format_message()}") from error
    preset, reduced = given.pop("preset"), given.pop("reduced")
    config, settings = lay_over(replace(way.config, settings=way.settings), preset, given)
    return Way(config, settings, way.reduced if reduced is None else reduced)


def _need(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise DetectorError(f"{module} is not installed; pip install 'object-detector[evaluate]'")


def _labelled(folder: Path, labels: Path | None, way: Way) -> "Labelled":
    from detector.evaluation.folder import read_folder
    from detector.models.registry import Registry

    model = Registry().with_folders(*way.config.model_folders).get(way.settings.model)
    return model.class_names, read_folder(folder, model.class_names, labels)


def _evaluate(way: Way, labelled: "Labelled") -> "Evaluated":
    """Detect in every picture, with a bar where somebody watches, and measure."""
    from detector.evaluation.measure import FLOOR, measure
    from detector.evaluation.report import Evaluated

    names, examples = labelled
    engine = load_engine(way.config, way.settings)
    work = partial(_find, engine=engine, way=replace(way, settings=replace(way.settings, confidence=FLOOR)))
    found = []
    with picture_bar(len(examples)) as bar:
        jobs = [Job(str(example.path)) for example in examples]
        for _, detections in in_order(work, jobs, workers()):
            found.append(detections)
            bar.update()
    scores = measure(examples, found, names, way.settings.confidence)
    return Evaluated(way.settings, engine.input_wh, way.reduced, scores)


def _find(job: Job, engine: "detector.Engine", way: Way) -> "detector.Detections":
    """What is in one picture. One that cannot be read ends it all: without it the figures would be others."""
    limits = way.config.limits
    try:
        data = job.read()
        if way.reduced:
            return detector.detect_in(data, engine, way.settings, limits).detections
        return detector.detect(detector.read_picture(data, limits), engine, way.settings).detections
    except ImageError as error:
        raise ImageError(f"{job.name}: {error}") from error
