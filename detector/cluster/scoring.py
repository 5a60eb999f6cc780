"""Pictures of any number -> parts, on all machines that Ray has."""

import importlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from math import ceil
from types import ModuleType
from typing import Any

from detector.cluster.machines import connected, load_ray
from detector.engines.base import Engine
from detector.engines.catalog import open_engine
from detector.errors import DetectorError
from detector.models.assets import ignore_progress
from detector.models.registry import Registry
from detector.models.store import Store
from detector.results.rows import Recipe
from detector.results.scoring import Scored, Scoring, score

# One actor reads and decodes a picture while the network looks at another.
_THREADS = 2
_PARTS_EACH = 4  # at least so many for each actor, so that none is idle for long at the end
_START_S = 300  # for the first actors: a cluster that is busy, or that must bring machines, may need some
_STILL_S = 1800  # without a part from any actor, or where parts are large:
_PICTURE_S = 10  # for each picture of one


def score_on_ray(addresses: Sequence[str], scoring: Scoring) -> Iterator[Scored]:
    """Look at the pictures with an actor for every `threads` processors of the cluster; tells of each part.

    An actor that dies is started again, and the part that it had in hand is done again, under the same name. Where
    `threads` is 0, an actor has one. Raises DetectorError.
    """
    threads = scoring.config.settings.threads or 1
    with connected(cpus=threads) as machines:
        actors = max(1, min(int(machines.cpus // threads), len(addresses)))
        size = max(1, min(scoring.part, ceil(len(addresses) / (actors * _PARTS_EACH))))
        parts = [list(addresses[start : start + size]) for start in range(0, len(addresses), size)]
        yield from _run(_ray_data(), parts, scoring, min(actors, len(parts)), threads)


def _ray_data() -> ModuleType:
    ray = load_ray()
    try:
        importlib.import_module("ray.data")
    except ImportError as error:
        raise DetectorError(f"{error}; pip install 'object-detector[cluster]'") from error
    # Ray Data tells of each of its steps otherwise, and that it shows no bar, in the middle of ours.
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    logging.getLogger("ray.data._internal.progress").setLevel(logging.ERROR)
    return ray


def _run(
    ray: ModuleType, parts: list[list[str]], scoring: Scoring, actors: int, threads: int
) -> Iterator[Scored]:
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.wait_for_min_actors_s = _START_S
    context.execution_no_progress_timeout_s = max(_STILL_S, _PICTURE_S * scoring.part)
    context.max_consecutive_actor_init_deaths = 3
    with ray.data.DataContext.current(context):
        # The addresses come from here and the actors write: no task of Ray Data's own needs a processor beside them,
        # for which it would wait for ever.
        work = ray.data.from_items([{"addresses": part} for part in parts], override_num_blocks=len(parts))
        told = work.map_batches(
            Scorer,
            fn_constructor_args=(scoring,),
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=threads,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors, initial_size=actors),
        )
        # Closed before the connection is: Ray Data's threads end the process when they find none.
        with closing(iter(told.iter_batches(prefetch_batches=0, batch_size=None))) as batches:
            try:
                for batch in batches:
                    yield _scored(batch)
            except ray.exceptions.GetTimeoutError as error:
                raise DetectorError(
                    f"Ray has had no processor free for {_START_S} s; others hold them, or each machine has fewer than"
                    f" the {threads} of --threads"
                ) from error
            except (ray.exceptions.RayError, ray.data.exceptions.ExecutionTimeoutError) as error:
                raise DetectorError(f"Ray gave up, and --resume goes on: {error}") from error


def _scored(batch: Any) -> Scored:
    """What an actor told, as arrays of one value or several. Raises DetectorError where it could not go on."""
    for problem in batch["problem"]:
        if problem:
            raise DetectorError(str(problem))
    return Scored(int(batch["pictures"].sum()), int(batch["failed"].sum()))


class Scorer:
    """The actor: a model that stays loaded, and the parts that come by.

    Our own errors are told as a value: raised, they would come as pages of Ray's.
    """

    def __init__(self, scoring: Scoring) -> None:
        self._scoring = scoring
        try:
            self._engine = _engine(scoring)
            self._problem = ""
        except DetectorError as error:
            self._problem = str(error)

    def __call__(self, batch: Any) -> dict[str, list[Any]]:
        """One batch is one part: a table with one row, its addresses. Gives how many pictures, and how many failed."""
        addresses = batch["addresses"][0].as_py()
        told: list[Scored] = []
        try:
            told += [] if self._problem else self._score(addresses)
        except DetectorError as error:
            self._problem = str(error)
        failed = sum(each.failed for each in told)
        return {"pictures": [len(told)], "failed": [failed], "problem": [self._problem]}

    def _score(self, addresses: list[str]) -> Iterator[Scored]:
        return score(addresses, replace(self._scoring, part=len(addresses)), self._engine, _THREADS)


def _engine(scoring: Scoring) -> Engine:
    """The engine, from this machine's own store. Raises DetectorError, also where it is another model here."""
    config = scoring.config
    settings = replace(config.settings, threads=config.settings.threads or 1)
    registry, store = Registry().with_folders(*config.model_folders), Store.open(config.home)
    files = registry.get(settings.model).files(store, ignore_progress)
    if differences := Recipe.of(files, settings).differences(scoring.recipe.text()):
        raise DetectorError(f"a machine of the cluster has another model or version: {differences}")
    return open_engine(files, settings)
