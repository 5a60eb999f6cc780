"""Settings, presets, Limits and Config: what can be set, from where, and how a bad value is answered."""

import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from detector.errors import SettingsError
from detector.settings import Config, Limits, Settings

# Every field, each away from its default; what an environment would say is the same as text.
SETTINGS: dict[str, Any] = {
    "model": "yolov3",
    "engine": "opencv",
    "side": 608,
    "threads": 2,
    "confidence": 0.25,
    "nms_iou": 0.6,
    "suppression": "class",
    "fit": "letterbox",
    "precision": "int8",
}
LIMITS: dict[str, Any] = {"max_picture_bytes": 1000, "max_picture_pixels": 2000}


def test_defaults_are_the_tutorials() -> None:
    assert Settings() == Settings(
        "yolov3-tiny", "openvino", None, 0, 0.5, 0.3, "agnostic", "stretch", "float32"
    )
    assert Settings(**SETTINGS).preset("tutorial") == Settings(
        **SETTINGS | {"fit": "stretch", "suppression": "agnostic", "nms_iou": 0.3}
    )


def test_darknet_preset_changes_only_fit_suppression_and_iou() -> None:
    expected: dict[str, Any] = {"fit": "letterbox", "suppression": "class", "nms_iou": 0.45}
    assert Settings(model="yolov3", confidence=0.1).preset("darknet") == Settings(
        model="yolov3", confidence=0.1, **expected
    )


def test_unknown_preset_is_named_with_the_choices() -> None:
    with pytest.raises(SettingsError, match="preset is 'cvlib'; it must be one of tutorial, darknet"):
        Settings().preset("cvlib")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("confidence", -0.01),
        ("confidence", 1.01),
        ("confidence", float("nan")),
        ("nms_iou", -0.01),
        ("nms_iou", 1.01),
        ("threads", -1),
        ("side", 0),
        ("side", 416.5),
        ("side", 400),
        ("side", 4128),
        ("suppression", "soft"),
        ("fit", "crop"),
    ],
    ids=str,
)
def test_bad_setting_is_refused_by_key_and_value(key: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"^{key} is {re.escape(repr(value))}; it must be "):
        Settings(**{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value"),
    [("confidence", 0), ("confidence", 1), ("nms_iou", 0), ("nms_iou", 1), ("side", 32), ("side", 4096)],
    ids=str,
)
def test_ends_of_each_range_are_allowed(key: str, value: int) -> None:
    assert getattr(Settings(**{key: value}), key) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("key", LIMITS)
def test_limit_of_zero_is_refused_by_key_and_value(key: str) -> None:
    with pytest.raises(SettingsError, match=f"^{key} is 0; it must be a number (over 0|from 1)"):
        Limits(**{key: 0})


def test_every_field_can_be_read_from_the_environment() -> None:
    assert set(SETTINGS) == {field.name for field in fields(Settings)}
    assert set(LIMITS) == {field.name for field in fields(Limits)}
    env = {f"DETECTOR_{key.upper()}": f" {value} " for key, value in (SETTINGS | LIMITS).items()}
    assert Config.from_env(env) == Config(Settings(**SETTINGS), Limits(**LIMITS))


def test_folders_are_read_from_the_environment() -> None:
    env = {"DETECTOR_HOME": "~/kept", "DETECTOR_MODEL_FOLDERS": os.pathsep.join(["one", "", "~/two"])}
    home = Path.home()
    assert Config.from_env(env) == Config(home=home / "kept", model_folders=(Path("one"), home / "two"))


def test_empty_and_foreign_variables_leave_the_defaults() -> None:
    env = {"DETECTOR_SIDE": "", "DETECTOR_FIT": " ", "DETECTOR_HOME": "", "SIDE": "x", "PATH": "/bin"}
    assert Config.from_env(env) == Config()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DETECTOR_SIDE", "large"),
        ("DETECTOR_SIDE", "416.0"),
        ("DETECTOR_SIDE", "400"),
        ("DETECTOR_THREADS", "-1"),
        ("DETECTOR_CONFIDENCE", "50%"),
        ("DETECTOR_CONFIDENCE", "1.5"),
        ("DETECTOR_FIT", "crop"),
        ("DETECTOR_MAX_PICTURE_BYTES", "25MB"),
        ("DETECTOR_MAX_PICTURE_PIXELS", "0"),
        ("DETECTOR_HOME", "~no-such-user/kept"),
        ("DETECTOR_URL", "detector:8000"),
        ("DETECTOR_PUBLIC", "perhaps"),
        ("DETECTOR_MAX_PICTURES", "0"),
        ("DETECTOR_MAX_PICTURES_PER_VISIT", "-1"),
    ],
    ids=str,
)
def test_bad_variable_is_refused_by_name_and_value(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable} is .*{re.escape(value)}"):
        Config.from_env({variable: value})
