"""Pictures of any number -> parts, on all machines that Ray has."""

import importlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from types import ModuleType
from typing import Any

from detector.cluster.machines import connected, load_ray
from detector.errors import DetectorError
from detector.models.registry import Registry
from detector.models.store import Store
from detector.pipeline import load
from detector.results.rows import Recipe
from detector.results.scoring import Scored, Scoring, score

# One actor reads and decodes a picture while the network looks at another.
_THREADS = 2
_PARTS_EACH = 4  # at least so many for each actor, so that none is idle for long at the end
_START_S = 300  # for the first actors: a cluster that is busy, or that must bring machines, may need some
_STILL_S = 3600  # without a part from any actor


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
    # Ray Data tells of each of its steps otherwise, in the middle of our bar.
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    return ray


def _run(
    ray: ModuleType, parts: list[list[str]], scoring: Scoring, actors: int, threads: int
) -> Iterator[Scored]:
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.wait_for_min_actors_s = _START_S
    context.execution_no_progress_timeout_s = _STILL_S
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
        try:
            for row in told.iter_rows():
                yield Scored(row["pictures"], row["failed"])
        except (ray.exceptions.RayError, ray.data.exceptions.RayDataUserException) as error:
            raise DetectorError(f"Ray gave up: {error}") from error


class Scorer:
    """The actor: a model that stays loaded, and the parts that come by."""

    def __init__(self, scoring: Scoring) -> None:
        """Load the model from this machine's own store. Raises DetectorError where it is another model here."""
        config = scoring.config
        settings = replace(config.settings, threads=config.settings.threads or 1)
        registry, store = Registry().with_folders(*config.model_folders), Store.open(config.home)
        self._engine, self._scoring = load(settings, store, registry), scoring
        files = registry.get(settings.model).files(store, lambda done, total: None)
        if differences := Recipe.of(files, settings).differences(scoring.recipe.text()):
            raise DetectorError(f"a machine of the cluster has another model or version: {differences}")

    def __call__(self, batch: Any) -> dict[str, list[int]]:
        """One batch is one part: a table with one row, its addresses. Gives how many pictures, how many failed."""
        addresses = batch["addresses"][0].as_py()
        whole = replace(self._scoring, part=len(addresses))
        told = list(score(addresses, whole, self._engine, _THREADS))
        return {"pictures": [len(told)], "failed": [sum(each.failed for each in told)]}
