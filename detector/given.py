"""What somebody has set, as text and with where it stands: the environment over a file."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.errors import SettingsError

FILE_VARIABLE = "DETECTOR_CONFIG"
SEPARATORS = {
    "api_keys": ",",
    "cors_origins": ",",
    "models": ",",
    "model_folders": os.pathsep,
}  # of lists in the environment


@dataclass(frozen=True)
class Given:
    """One value. `origin` is a variable, or a key and its file."""

    parts: tuple[str, ...]
    origin: str

    @property
    def text(self) -> str:
        """A value that is no list."""
        return self.parts[0] if len(self.parts) == 1 else str(list(self.parts))


def separated(name: str, value: Any) -> str:
    """A value of a TOML file as the environment would say it."""
    return SEPARATORS.get(name, ",").join(_texts(value))


def gather(env: Mapping[str, str], names: Iterable[str]) -> dict[str, Given]:
    """What is set of `names`: DETECTOR_<NAME> before the TOML file that DETECTOR_CONFIG names. Raises SettingsError."""
    known = tuple(names)
    given = _from_file(Path(env[FILE_VARIABLE].strip()), known) if env.get(FILE_VARIABLE, "").strip() else {}
    for name in known:
        variable = f"DETECTOR_{name.upper()}"
        if text := env.get(variable, "").strip():
            parts = text.split(SEPARATORS[name]) if name in SEPARATORS else [text]
            given[name] = Given(tuple(part.strip() for part in parts if part.strip()), variable)
    return given


def _from_file(path: Path, known: tuple[str, ...]) -> dict[str, Given]:
    table = _read_toml(path.expanduser())
    for key in table:
        if key not in known:
            raise SettingsError(f"{path} sets {key!r}, which is no setting; known are {', '.join(known)}")
    return {key: Given(_texts(value), f"{key} in {path}") for key, value in table.items()}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _read_toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise SettingsError(f"{FILE_VARIABLE} is {str(path)!r}, which cannot be read: {error}") from None
