"""What each route answers, on one's own tiny model."""

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

import detector
from detector.api import answers
from detector.results.agreement import KINDS
from detector.settings import Config
from tests.api.conftest import SIZE_WH, form, picture_bytes
from tests.builders import EVERY_LAYER_NAMES, file_bytes, noise_picture

STAGES = ["decode", "prepare", "forward", "suppress", "detect"]


def predicted(api: httpx.Client, query: str = "", data: bytes | None = None) -> dict[str, Any]:
    answer = api.post(f"/predict?format=json&{query}", files=form(data))
    assert answer.status_code == 200, answer.text
    return answers.Report.model_validate(answer.json()).model_dump()


def test_an_annotated_jpeg_is_the_default(api: httpx.Client) -> None:
    answer = api.post("/predict?model=insects", files=form())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as drawn:
        assert (drawn.format, drawn.size) == ("JPEG", SIZE_WH)
    assert json.loads(answer.headers["X-Detection-Counts"]) == predicted(api)["counts"]
    stages = [part.split(";")[0] for part in answer.headers["Server-Timing"].split(", ")]
    assert stages == ["wait", *STAGES, "draw", "total"]


def test_the_annotated_answer_to_a_picture_that_was_reduced_for_the_network_has_its_full_size(
    api: httpx.Client,
) -> None:
    data = file_bytes(Image.fromarray(noise_picture(800, 600).pixels), "JPEG")
    with Image.open(io.BytesIO(api.post("/predict", files=form(data, "large.jpg")).content)) as drawn:
        assert drawn.size == (800, 600)


def test_json_is_what_the_pipeline_finds(api: httpx.Client, config: Config) -> None:
    answer = predicted(api)
    engine = detector.load(config.settings, detector.Store.open(config.home), _registry(config))
    found = detector.detect_in(picture_bytes(), engine, config.settings).detections
    assert len(found) > 0
    assert [one["label"] for one in answer["detections"]] == list(found.labels)
    assert [one["score"] for one in answer["detections"]] == found.scores.tolist()
    assert [[*one["box"].values()] for one in answer["detections"]] == found.boxes.tolist()
    assert answer["counts"] == found.counts()
    assert answer["image"] == {"name": "blobs.png", "width": SIZE_WH[0], "height": SIZE_WH[1]}
    assert (answer["model"], answer["engine"], answer["version"]) == (
        "insects",
        "openvino",
        detector.__version__,
    )
    assert list(answer["time_ms"]) == ["wait", *STAGES, "total"]


def _registry(config: Config) -> Any:
    from detector.models.registry import Registry

    return Registry().with_folders(*config.model_folders)


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("", "*/*", "image/jpeg"),
        ("", "application/json", "application/json"),
        ("", "application/json;q=0.5, image/*", "image/jpeg"),
        ("", "image/jpeg;q=0.5, application/json;q=0.9", "application/json"),
        ("", "text/html, image/*;q=x, application/json", "application/json"),
        ("format=json", "image/jpeg", "application/json"),
        ("format=image", "application/json", "image/jpeg"),
    ],
)
def test_format_decides_then_accept(api: httpx.Client, query: str, accept: str, expected: str) -> None:
    answer = api.post(f"/predict?{query}", files=form(), headers={"Accept": accept})
    assert answer.headers["content-type"] == expected


def test_settings_reach_the_detector(api: httpx.Client) -> None:
    usual = predicted(api)["detections"]
    surest = usual[0]["score"]
    assert predicted(api, f"confidence={surest}")["detections"] == []
    assert len(predicted(api, "nms=1")["detections"]) > len(predicted(api, "nms=0")["detections"])
    label = usual[0]["label"]
    assert predicted(api, f"classes={label}")["detections"] == [one for one in usual if one["label"] == label]
    assert predicted(api, "classes=ant&classes=bee&classes=cat")["detections"] == usual
    darknet = predicted(api, "preset=darknet")
    assert darknet["detections"] == predicted(api, "fit=letterbox&suppression=class&nms=0.45")["detections"]
    assert darknet["detections"] != usual
    assert predicted(api, "preset=darknet&fit=stretch&suppression=agnostic&nms=0.3")["detections"] == usual
    assert predicted(api, "side=64")["detections"] != usual
    assert predicted(api, "engine=opencv")["engine"] == "opencv"


def test_a_batch_answers_item_by_item(api: httpx.Client) -> None:
    sent = [
        ("file", ("one.png", picture_bytes(1))),
        ("file", ("notes.txt", b"x")),
        ("file", ("two.png", picture_bytes(2))),
    ]
    items = answers.Batch.model_validate(api.post("/predict/batch", files=sent).json()).items
    assert [(item.name, item.status) for item in items] == [
        ("one.png", 200),
        ("notes.txt", 415),
        ("two.png", 200),
    ]
    assert items[1].report is None
    assert items[1].problem
    assert items[1].problem.detail == "'notes.txt' is not the name of a picture"
    for item, seed in ((items[0], 1), (items[2], 2)):
        assert item.report
        assert (
            item.report.model_dump()["detections"] == predicted(api, data=picture_bytes(seed))["detections"]
        )


def test_a_class_is_counted(api: httpx.Client) -> None:
    counts = predicted(api)["counts"]
    for label in EVERY_LAYER_NAMES:
        answer = answers.Count.model_validate(api.post(f"/count/{label}", files=form()).json())
        assert (answer.label, answer.count) == (label, counts.get(label, 0))


def test_two_settings_are_compared(api: httpx.Client) -> None:
    answer = api.post("/compare?nms_b=0.9&confidence_b=0.2", files=form())
    told = answers.Comparison.model_validate(answer.json())
    assert told.a.model_dump()["detections"] == predicted(api)["detections"]
    assert told.b.model_dump()["detections"] == predicted(api, "nms=0.9&confidence=0.2")["detections"]
    assert set(told.agreement.counts) == set(KINDS)
    assert sum(told.agreement.counts.values()) == len(told.agreement.rows) > 0
    same = answers.Comparison.model_validate(api.post("/compare", files=form()).json())
    assert same.agreement.rate == 1


def test_models_and_engines_are_listed(api: httpx.Client) -> None:
    predicted(api)
    told = answers.Models.model_validate(api.get("/models").json())
    assert [model.name for model in told.models] == ["yolov3-tiny", "yolov3", "insects"]
    assert told.models[2].model_dump() == {
        "name": "insects", "size_bytes": told.models[2].size_bytes, "here": True, "loaded": True,
        "classes": EVERY_LAYER_NAMES,
    }  # fmt: skip
    assert (told.default_model, told.default_engine) == ("insects", "openvino")
    assert "openvino" in told.engines


def test_the_root_and_health_answer(api: httpx.Client) -> None:
    assert api.get("/").json()["docs"] == "/docs"
    for path in ("/healthz", "/readyz"):
        assert answers.Health.model_validate(api.get(path).json())
        head = api.head(path)
        assert (head.status_code, head.content) == (200, b"")


def test_the_documentation_needs_no_other_server(api: httpx.Client) -> None:
    page = api.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    for path in ("/static-offline-docs/swagger-ui-bundle.js", "/static-offline-docs/swagger-ui.css"):
        assert path in page
        assert api.get(path).status_code == 200


def test_the_document_tells_this_servers_choices(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    parameters = {one["name"]: one["schema"] for one in document["paths"]["/predict"]["post"]["parameters"]}
    assert parameters["model"]["enum"] == ["yolov3-tiny", "yolov3", "insects"]
    assert parameters["model"]["default"] == "insects"
    assert parameters["confidence"]["default"] == 0.1
    assert parameters["nms"]["default"] == 0.3
    assert parameters["side"]["maximum"] == 608
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
    assert document["components"]["schemas"]["Report"]["examples"]
