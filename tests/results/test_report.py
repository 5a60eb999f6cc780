"""The JSON that every shell gives."""

import json
from typing import Any

import numpy as np
import pytest

import detector
from detector.errors import ServerError
from detector.pipeline import Result
from detector.results.report import read_report, report
from detector.settings import Settings
from detector.values import Detections


def result(count: int) -> Result:
    """The first `count` of three detections in a picture of 640 x 480."""
    boxes = [[1.5, 2.25, 100, 200], [0, 0, 640, 480], [10, 20, 30, 40]]
    found = Detections(
        boxes=np.array(boxes, dtype=np.float32)[:count],
        scores=np.array([0.875, 0.75, 0.5], dtype=np.float32)[:count],
        class_ids=np.array([1, 0, 1], dtype=np.int64)[:count],
        names=("ant", "bee"),
        size_wh=(640, 480),
    )
    times = {"decode": 1.5, "prepare": 0.3456, "forward": 11, "suppress": 1}
    return Result(found, Settings(model="yolov3", engine="opencv"), times, ("blurred",))


def test_report_holds_every_detection_as_plain_json() -> None:
    expected = {
        "model": "yolov3",
        "engine": "opencv",
        "image": {"name": "garden.jpg", "width": 640, "height": 480},
        "detections": [
            {
                "label": "bee",
                "class_id": 1,
                "score": 0.875,
                "box": {"xmin": 1.5, "ymin": 2.25, "xmax": 100.0, "ymax": 200.0},
            },
            {
                "label": "ant",
                "class_id": 0,
                "score": 0.75,
                "box": {"xmin": 0.0, "ymin": 0.0, "xmax": 640.0, "ymax": 480.0},
            },
            {
                "label": "bee",
                "class_id": 1,
                "score": 0.5,
                "box": {"xmin": 10.0, "ymin": 20.0, "xmax": 30.0, "ymax": 40.0},
            },
        ],
        "counts": {"bee": 2, "ant": 1},
        "time_ms": {"decode": 1.5, "prepare": 0.35, "forward": 11, "suppress": 1, "detect": 12.35},
        "notes": ["blurred"],
        "version": detector.__version__,
    }
    assert json.loads(json.dumps(report(result(3), "garden.jpg"))) == expected


def test_report_of_nothing_found_keeps_its_shape() -> None:
    none, some = report(result(0), "garden.jpg"), report(result(3), "garden.jpg")
    assert list(none) == list(some)
    assert (none["detections"], none["counts"]) == ([], {})


@pytest.mark.parametrize("count", [3, 0])
def test_a_report_is_read_back_to_the_last_bit(count: int) -> None:
    sent = result(count)
    sent.detections.scores[:1] = np.float32(0.98765432)  # no short decimal
    found = read_report(json.loads(json.dumps(report(sent, "x"))), sent.detections.names, sent.settings)
    for name in ("boxes", "scores", "class_ids"):
        np.testing.assert_array_equal(getattr(found.detections, name), getattr(sent.detections, name))
    assert found.detections.names == sent.detections.names
    assert found.detections.size_wh == (640, 480)
    assert (found.settings, found.notes) == (sent.settings, ("blurred",))
    assert found.time_ms == {"decode": 1.5, "prepare": 0.35, "forward": 11, "suppress": 1}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in report(result(3), "x").items() if name != key}


@pytest.mark.parametrize(
    "told",
    [
        [],
        "words",
        None,
        *[without(key) for key in ("time_ms", "notes", "detections", "image")],
        {**without(""), "time_ms": {"forward": "long"}},
        {**without(""), "detections": [{}]},
        {**without(""), "detections": without("")["detections"][::-1]},
    ],
)
def test_what_is_no_report_is_refused(told: Any) -> None:
    with pytest.raises(ServerError, match="none of the detector's API"):
        read_report(told, ("ant", "bee"), Settings())


@pytest.mark.parametrize("names", [("ant",), ("bee", "ant")], ids=str)
def test_a_report_of_another_model_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ServerError, match="none of the detector's API"):
        read_report(without(""), names, Settings())
