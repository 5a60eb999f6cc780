"""Query parameters -> Settings. Their names are those of the command line's options."""

from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from detector.engines.catalog import find_engine
from detector.errors import ModelError, SettingsError, UnavailableError
from detector.models.registry import Model, Registry
from detector.settings import Config, Fit, Precision, Settings, Suppression

Preset = Literal["tutorial", "darknet"]
ModelName = Annotated[str, Field(description="One of `GET /models`.")]
EngineName = Annotated[str, Field(description="What runs the network; all give the same numbers.")]
Side = Annotated[int, Field(ge=32, le=4096, multiple_of=32, description="Input side in pixels.")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Confidence = Annotated[Share, Field(description="Keep what scores over this.")]
Overlap = Annotated[Share, Field(description="Of two boxes that overlap by more, the less sure one goes.")]
Across = Annotated[Suppression, Field(description="Across classes, or within each class.")]
Fitting = Annotated[Fit, Field(description="How the picture comes to the network's input.")]
Bits = Annotated[Precision, Field(description="What the network computes in.")]
# Whoever leaves a parameter out gets the server's own setting, whatever that is; so nothing stands here.
_UNSET: Any = None
FIELDS = {"nms": "nms_iou"}  # parameters that are called otherwise than their setting


class SettingsQuery(BaseModel):
    """What decides an answer. The preset comes first, then what is given beside it."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: ModelName = _UNSET
    confidence: Confidence = _UNSET
    nms: Overlap = _UNSET
    classes: Annotated[list[str], Field(description="Show only these; repeat it for more.")] = []
    engine: EngineName = _UNSET
    preset: Annotated[Preset, Field(description="Several settings at once.")] = _UNSET
    side: Side = _UNSET
    suppression: Across = _UNSET
    fit: Fitting = _UNSET
    precision: Bits = _UNSET

    def settings(self, config: Config, registry: Registry) -> Settings:
        """The server's settings with what was given laid over them. Raises DetectorError."""
        base = config.settings.preset(self.preset) if self.preset else config.settings
        settings = _checked(replace(base, **self._given("")), config, registry)
        for name in self.classes:
            if name not in every_class(registry):  # of another model it is no mistake; a comparison has two
                known = ", ".join(class_names(registry.get(settings.model)))
                raise SettingsError(f"classes has {name[:100]!r}; {settings.model} knows {known}")
        return settings

    def _given(self, suffix: str) -> dict[str, Any]:
        names = ("model", "confidence", "nms", "engine", "side", "suppression", "fit", "precision")
        given = [name for name in names if f"{name}{suffix}" in self.model_fields_set]
        return {FIELDS.get(name, name): getattr(self, f"{name}{suffix}") for name in given}


class PredictQuery(SettingsQuery):
    """The same, and what to answer with."""

    format: Annotated[
        Literal["image", "json"],
        Field(
            description="A JPEG with boxes, or JSON. Left out, the header Accept decides; image is the default."
        ),
    ] = _UNSET


class CompareQuery(SettingsQuery):
    """Two settings: A, and B with what differs from A."""

    iou: Annotated[Share, Field(gt=0, description="Boxes that overlap by this much are one thing.")] = 0.5
    model_b: ModelName = _UNSET
    confidence_b: Confidence = _UNSET
    nms_b: Overlap = _UNSET
    engine_b: EngineName = _UNSET
    side_b: Side = _UNSET
    suppression_b: Across = _UNSET
    fit_b: Fitting = _UNSET
    precision_b: Bits = _UNSET

    def other(self, config: Config, registry: Registry) -> Settings:
        """Settings B. Raises DetectorError."""
        return _checked(replace(self.settings(config, registry), **self._given("_b")), config, registry)


def class_names(model: Model) -> tuple[str, ...]:
    """What the model knows. Raises UnavailableError where its files are broken, whose names are no client's concern."""
    try:
        return model.class_names
    except ModelError as error:
        raise UnavailableError(f"the model {model.name} cannot be used just now; choose another") from error


def every_class(registry: Registry) -> tuple[str, ...]:
    """What all models know together, each once; one whose files are broken adds nothing."""
    names: dict[str, None] = {}
    for model in registry.models:
        with suppress(ModelError):
            names.update(dict.fromkeys(model.class_names))
    return tuple(names)


def _checked(settings: Settings, config: Config, registry: Registry) -> Settings:
    """Only what exists and is allowed goes further: each pair of model and engine is kept loaded for a while."""
    registry.get(settings.model)
    find_engine(settings.engine)
    if settings.side is not None and settings.side > most_side(config):
        raise SettingsError(f"side is {settings.side}; it must be {most_side(config)} at most on this server")
    return settings


def most_side(config: Config) -> int:
    """The largest input side that may be asked for, in pixels; the server's own always may."""
    return max(config.http.max_side, config.settings.side or 0)
