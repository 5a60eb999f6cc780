"""The shapes of the answers, for the OpenAPI document. `results.report` makes what they describe."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_DOG: dict[str, Any] = {
    "label": "dog",
    "class_id": 16,
    "score": 0.93,
    "box": {"xmin": 12.5, "ymin": 40, "xmax": 200, "ymax": 310.2},
}
_REPORT: dict[str, Any] = {
    "model": "yolov3-tiny",
    "engine": "openvino",
    "image": {"name": "dog.jpg", "width": 640, "height": 480},
    "detections": [_DOG],
    "counts": {"dog": 1},
    "time_ms": {
        "wait": 0.1,
        "decode": 3.2,
        "prepare": 0.6,
        "forward": 23.8,
        "suppress": 0.4,
        "detect": 24.8,
        "total": 28.4,
    },
    "notes": [],
    "version": "0.1.0",
}


class Answer(BaseModel):
    """What is promised is all that comes."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Box(Answer):
    """Pixels of the upright picture, from its top left corner."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float


class Detection(Answer):
    """One object, named as in Hugging Face's object-detection responses."""

    label: str
    class_id: int
    score: float = Field(ge=0, le=1)
    box: Box


class Image(Answer):
    """The picture that was sent."""

    name: str
    width: int
    height: int


class Report(Answer):
    """What was found in one picture, the surest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REPORT]})

    model: str
    engine: str
    image: Image
    detections: list[Detection]
    counts: dict[str, int]
    time_ms: dict[str, float] = Field(
        description="Milliseconds by stage: wait, decode, prepare, forward, suppress, draw; detect is the middle three,"
        " total all."
    )
    notes: list[str] = Field(
        description="What to know of it, such as that only the first frame was looked at."
    )
    version: str


class Problem(Answer):
    """What every route answers where it cannot do what was asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": "no_picture",
                    "detail": "'notes.txt': this is not a picture that can be read",
                    "hint": "use a JPEG, PNG, WebP, BMP or GIF picture",
                }
            ]
        }
    )

    error: str = Field(description="A word for programs.")
    detail: str = Field(description="What was wrong, with which input.")
    hint: str = Field(description="What to do about it.")


class Item(Answer):
    """One picture of a batch: its report, or why there is none."""

    name: str
    status: int = Field(description="What the picture alone would have been answered with.")
    report: Report | None
    problem: Problem | None


class Batch(Answer):
    """One item for each file, in their order."""

    items: list[Item]


class Count(Answer):
    """How many of one class."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"label": "dog", "count": 2, "report": _REPORT}]}
    )

    label: str
    count: int
    report: Report


class Row(Answer):
    """One thing that A, B or both found; null where one of them did not."""

    who: str
    label_a: str | None
    label_b: str | None
    score_a: float | None
    score_b: float | None
    iou: float | None


class Agreement(Answer):
    """How far two answers say the same. It is not accuracy: both can be wrong."""

    rate: float = Field(ge=0, le=1, description="The share of things that both found under one name.")
    counts: dict[str, int]
    rows: list[Row]


class Comparison(Answer):
    """Two settings on one picture."""

    a: Report
    b: Report
    agreement: Agreement
    time_ms: dict[str, float]


class ModelInfo(Answer):
    """One model that may be asked for."""

    name: str
    size_bytes: int
    here: bool = Field(description="Whether its weights are on this server.")
    loaded: bool
    classes: list[str] = Field(description="What it can find.")


class Models(Answer):
    """What may be asked for, and what is taken where nothing is said."""

    models: list[ModelInfo]
    engines: list[str]
    default_model: str
    default_engine: str


class Greeting(Answer):
    """That it works, and where to go on."""

    message: str
    docs: str
    version: str


class Health(Answer):
    """How it is."""

    status: str
    version: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "The form cannot be read.",
        401: "There is no API key, or a wrong one.",
        408: "The body did not arrive in time.",
        413: "Too many bytes, pixels or files.",
        415: "No form, or no picture in it.",
        422: "A parameter is unknown or has a value that it cannot have.",
        429: "This client asks too often; Retry-After says when to come again.",
        503: "Too many wait, or the model is not here; Retry-After says when to come again.",
    }.items()
}
