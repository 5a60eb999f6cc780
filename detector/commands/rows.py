"""`detector detect --runner`: rows of a folder of any size, detected here or on a cluster."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from detector.addresses import Folder, expand
from detector.commands.options import load_engine, model_files, picture_bar, workers
from detector.engines.catalog import usable_engine
from detector.errors import DetectorError
from detector.results.rows import Recipe, as_text
from detector.settings import Config

if TYPE_CHECKING:
    from detector.results.scoring import Scored, Scoring


@dataclass(frozen=True)
class Rows:
    """What is asked for: the options of `detector detect` that rows have."""

    out: str
    runner: str
    resume: bool
    part: int


def write_rows(names: Sequence[str], asked: Rows, config: Config) -> None:
    """Look at every picture and write the rows as Parquet; exit code 1 where some could not be read.

    Raises DetectorError.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise DetectorError("pyarrow is not installed, which writes the rows; pip install pyarrow")
    from detector.results.scoring import Scoring

    # A mistake is told before anything is downloaded or listed.
    usable_engine(config.settings.engine, config.settings.precision)
    recipe = Recipe.of(model_files(config, config.settings.model), config.settings)
    # What an answer needs, and no keys: it travels to other machines.
    needed = Config(config.settings, config.limits, home=config.home, model_folders=config.model_folders)
    scoring = Scoring(needed, recipe, Folder.at(asked.out), asked.part)
    pictures = expand(names)
    to_do = _left(pictures, scoring, asked.resume)
    failed = _tell(RUNNERS[asked.runner](to_do, scoring), len(to_do)) if to_do else 0
    passed = f", {len(pictures) - len(to_do)} were there before" if asked.resume else ""
    click.echo(f"{scoring.folder.address}: rows of {len(to_do)} pictures{passed}")
    if failed:
        click.echo(f"detector: {failed} pictures could not be read; the column error says why", err=True)
        sys.exit(1)


def _left(pictures: list[str], scoring: "Scoring", resume: bool) -> list[str]:
    """The pictures that have no row yet, or one with an error."""
    from detector.results.parts import done, is_empty

    if not resume:
        if not is_empty(scoring.folder):
            raise DetectorError(
                f"{scoring.folder.address} holds rows already; --resume goes on there, or choose another folder"
            )
        return pictures
    good = done(scoring.folder, scoring.recipe)
    return [picture for picture in pictures if as_text(picture) not in good]


def _tell(told: Iterator["Scored"], pictures: int) -> int:
    """Run it with a bar; gives how many failed."""
    failed = 0
    with picture_bar(pictures) as bar:
        for scored in told:
            bar.update(scored.pictures)
            failed += scored.failed
    return failed


def _here(pictures: list[str], scoring: "Scoring") -> Iterator["Scored"]:
    from detector.results.scoring import score

    engine = load_engine(scoring.config, scoring.config.settings, len(pictures))
    return score(pictures, scoring, engine, workers())


def _on_ray(pictures: list[str], scoring: "Scoring") -> Iterator["Scored"]:
    from detector.cluster.scoring import score_on_ray

    return score_on_ray(pictures, scoring)


RUNNERS: Mapping[str, Callable[[list[str], "Scoring"], Iterator["Scored"]]] = {"local": _here, "ray": _on_ray}
