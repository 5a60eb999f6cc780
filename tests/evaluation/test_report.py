"""Text, JSON and plots of hand-made scores."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from detector.evaluation.measure import measure
from detector.evaluation.plots import draw_plots
from detector.evaluation.report import Evaluated, as_json, text
from detector.settings import Settings
from tests.evaluation.builders import NAMES, Scored, found, labelled

ANT, CAT = (0, (10.0, 20.0, 40.0, 40.0)), (2, (100.0, 10.0, 60.0, 80.0))


def way(*scored: Scored, **changes: Any) -> Evaluated:
    scores = measure([labelled(ANT, CAT)], [found(*scored)], NAMES, 0.5)
    return Evaluated(Settings(**changes), (416, 416), True, scores)


ONE, BOTH = way((0.9, ANT)), way((0.9, ANT), (0.8, CAT), fit="letterbox")


def test_one_way_is_a_column_in_points() -> None:
    lines = text([ONE]).splitlines()
    assert lines[0] == "A: yolov3-tiny, openvino, float32, 416 x 416, stretch, agnostic 0.3, reduced decoding"
    assert lines[1] == "1 pictures, 2 objects, 2 classes"
    table = {line[:26].strip(): line[26:].split() for line in lines[3:]}
    assert table[""] == ["A"]
    assert table["mAP50"] == ["50.0"]
    assert table["mAP, small"] == ["-"]
    assert table["precision over 0.5"] == ["100.0"]
    assert table["recall over 0.5"] == ["50.0"]


def test_two_ways_stand_side_by_side_with_their_difference() -> None:
    lines = text([ONE, BOTH], classes=True).splitlines()
    assert lines[1].startswith("B: yolov3-tiny, openvino, float32, 416 x 416, letterbox")
    table = {line[:26].strip(): line[26:].split() for line in lines[4:-3]}
    assert table["mAP50"] == ["50.0", "100.0", "+50.0"]
    assert table["mAP, small"] == ["-", "-", "-"]
    assert lines[-1].split()[:5] == ["cat", "1", "0.0", "100.0", "+100.0"]


def test_two_confidences_are_not_told_as_one() -> None:
    other = replace(ONE, scores=measure([labelled(ANT)], [found()], NAMES, 0.25))
    assert "precision at --confidence" in text([ONE, other])


def test_json_has_everything_and_the_difference() -> None:
    content = json.loads(json.dumps(as_json([ONE, BOTH]), allow_nan=False))
    first = content["evaluated"][0]
    assert first["settings"]["fit"] == "stretch"
    assert (first["input_wh"], first["decoding"]) == ([416, 416], "reduced")
    assert [each["name"] for each in first["scores"]["classes"]] == ["ant", "cat"]
    assert len(first["scores"]["curve"]) == 101
    assert content["difference"]["ap50"] == pytest.approx(0.5)
    assert content["difference"]["ap_small"] is None
    assert content["difference"]["classes"]["cat"]["recall"] == pytest.approx(1)
    assert "difference" not in as_json([ONE])


@pytest.mark.parametrize("ways", [[ONE], [ONE, BOTH], [way()]], ids=["one", "two", "nothing found"])
def test_plots_are_a_png(ways: list[Evaluated]) -> None:
    image = Image.open(io.BytesIO(draw_plots(ways)))
    assert image.format == "PNG"
    assert image.size == (1400, 1000)


def test_scores_are_checked_when_made() -> None:
    with pytest.raises(ValueError, match="ap50 is a share from 0 to 1, not 50"):
        replace(ONE.scores, ap50=50)
    with pytest.raises(ValueError, match="the objects of the classes are not all objects"):
        replace(ONE.scores, objects=3)
