"""Pictures of any number -> parts: what every runner is told, and the work of one process."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detector.addresses import Folder
from detector.engines.base import Engine
from detector.results.parts import write_part
from detector.results.rows import Recipe, Row, rows
from detector.settings import Config


@dataclass(frozen=True)
class Scoring:
    """How pictures become rows, and where these go.

    config: its settings decide the rows, its limits what is refused; it names where the model's files are.
    part: pictures in one file of rows, which is also what a stopped run may lose.
    """

    config: Config
    recipe: Recipe
    folder: Folder
    part: int


@dataclass(frozen=True)
class Scored:
    """How many pictures have become rows since the last was told, and how many of these say an error."""

    pictures: int
    failed: int


def score(addresses: Iterable[str], scoring: Scoring, engine: Engine, threads: int) -> Iterator[Scored]:
    """Look at the pictures with threads of this process; tells of each. Raises DetectorError."""
    part: list[Row] = []
    for row in rows(addresses, engine, scoring.recipe, scoring.config.limits, threads):
        part.append(row)
        if len(part) == scoring.part:
            write_part(scoring.folder, part)
            part = []
        yield Scored(1, 1 if row["error"] else 0)
    if part:
        write_part(scoring.folder, part)
