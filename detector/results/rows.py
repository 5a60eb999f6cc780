"""Pictures -> rows: what a folder of any size becomes, one row a picture, the same whoever detected."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import detector
from detector.addresses import read
from detector.ahead import in_order
from detector.engines.base import Engine
from detector.errors import ImageError, UnavailableError
from detector.models.assets import sha256_of
from detector.models.registry import ModelFiles
from detector.pipeline import Result, detect_in
from detector.results.report import named
from detector.settings import Limits, Settings
from detector.values import Detections

Row = dict[str, Any]  # by the columns of `parts.SCHEMA`; no value is None

_DECIDES_NOTHING = ("threads",)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a row, beside the picture. Rows of two recipes do not belong together.

    model_sha256: of everything that the model's files say.
    """

    settings: Settings
    model_sha256: str
    version: str = detector.__version__

    @classmethod
    def of(cls, files: ModelFiles, settings: Settings) -> "Recipe":
        """The recipe of these settings with these files of their model. Reads the files."""
        int8 = settings.precision == "int8" and files.ranges and files.ranges.is_file()
        others = [files.cfg, files.names, *([files.ranges] if int8 and files.ranges else [])]
        hashes = [files.weights_sha256(), *map(sha256_of, others)]
        return cls(settings, sha256("\n".join(hashes).encode()).hexdigest())

    def values(self) -> dict[str, Any]:
        """By name; how many threads compute is left out, since it changes nothing."""
        settings = {key: value for key, value in asdict(self.settings).items() if key not in _DECIDES_NOTHING}
        return settings | {"model_sha256": self.model_sha256, "version": self.version}

    def text(self) -> str:
        """The same as JSON: the column `settings`."""
        return json.dumps(self.values(), sort_keys=True)

    def differences(self, text: str) -> str:
        """In words, what a recipe of that text has otherwise; "" where it is this one."""
        there, here = json.loads(text), self.values()
        keys = sorted(key for key in {*there, *here} if there.get(key) != here.get(key))
        return ", ".join(f"{key} {there.get(key)} there, {here.get(key)} here" for key in keys)


def rows(
    addresses: Iterable[str], engine: Engine, recipe: Recipe, limits: Limits, threads: int
) -> Iterator[Row]:
    """A row for each address, in order. A picture that cannot be had is a row that says so.

    Raises DetectorError for what would go wrong with every picture.
    """
    work = partial(_row, engine=engine, recipe=recipe, limits=limits)
    return (row for _, row in in_order(work, addresses, threads))


def as_text(address: str) -> str:
    """The address as a row has it: bytes of a file's name that are no UTF-8 are written in hexadecimal."""
    return address.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _row(address: str, engine: Engine, recipe: Recipe, limits: Limits) -> Row:
    try:
        result = detect_in(read(address), engine, recipe.settings, limits)
    except (ImageError, UnavailableError) as error:
        return _as_row(address, recipe, error=str(error))
    return _as_row(address, recipe, result)


def _as_row(address: str, recipe: Recipe, result: Result | None = None, error: str = "") -> Row:
    width, height = result.detections.size_wh if result else (0, 0)
    return {
        "address": as_text(address),
        "error": as_text(error),
        "width": width,
        "height": height,
        "detections": _found(result.detections) if result else [],
        "notes": "; ".join(result.notes) if result else "",
        "model": recipe.settings.model,
        "engine": recipe.settings.engine,
        "settings": recipe.text(),
    }


def _found(found: Detections) -> list[dict[str, Any]]:
    """The surest first; boxes in pixels of the picture as shown, origin at its top left corner."""
    return [one | one.pop("box") for one in named(found)]
