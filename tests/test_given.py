"""Where settings come from: a file, the environment over it; and how they are listed."""

import os
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from detector.cli import cli
from detector.commands.settings import MEANINGS
from detector.errors import SettingsError
from detector.settings import Config, Http, Limits, Page, Serving, Settings, value_types

FILE = """
confidence = 0.25
side = 608
fit = "letterbox"
api_keys = ["one", "two,three"]
model_folders = ["~/mine", "yours"]
max_waiting = 5
keep_folder = "kept"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "detector.toml"
    path.write_text(FILE)
    return path


def test_a_file_sets_and_the_environment_overrides(file: Path) -> None:
    env = {
        "DETECTOR_CONFIG": str(file),
        "DETECTOR_SIDE": "320",
        "DETECTOR_CORS_ORIGINS": "https://a, https://b",
    }
    config = Config.from_env(env)
    assert config == Config(
        Settings(confidence=0.25, side=320, fit="letterbox"),
        serving=Serving(max_waiting=5),
        http=Http(
            api_keys=("one", "two,three"),
            cors_origins=("https://a", "https://b"),
            keep_folder=Path("kept"),
        ),
        model_folders=(Path.home() / "mine", Path("yours")),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("side = 400", r"^side in .*detector\.toml is 400; it must be a multiple of 32"),
        ("side = 'large'", r"^side in .*detector\.toml is 'large'; it must be a whole number"),
        ("side = [1, 2]", r"^side in .* is .*it must be a whole number"),
        ("max_body_s = 0", r"^max_body_s in .* is 0\.0; it must be seconds, over 0"),
        ("sides = 416", r"sets 'sides', which is no setting; known are model, engine"),
        ("side = ", r"^DETECTOR_CONFIG is '.*detector\.toml', which cannot be read"),
    ],
    ids=str,
)
def test_a_mistake_in_the_file_is_told_by_key_and_file(file: Path, text: str, expected: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=expected):
        Config.from_env({"DETECTOR_CONFIG": str(file)})


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"DETECTOR_CONFIG is '.*nope', which cannot be read"):
        Config.from_env({"DETECTOR_CONFIG": str(tmp_path / "nope")})


@pytest.mark.parametrize(
    "key",
    [
        "max_body_bytes",
        "max_held_bytes",
        "max_files",
        "max_kept_bytes",
        "max_body_s",
        "max_answer_s",
        "max_side",
    ],
)
def test_a_limit_of_zero_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match=f"^{key} is 0; it must be"):
        Http(**{key: 0})  # type: ignore[arg-type]


def test_a_key_is_never_shown() -> None:
    assert "sesame" not in repr(Config(http=Http(api_keys=("sesame",)), page=Page(url_key="sesame")))


def test_every_setting_is_listed_with_value_origin_and_meaning(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.startswith("DETECTOR_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("DETECTOR_CONFIG", str(file))
    monkeypatch.setenv("DETECTOR_MODEL", "yolov3")
    monkeypatch.setenv("DETECTOR_URL_KEY", "sesame")
    lines = CliRunner().invoke(cli, ["settings"]).stdout.splitlines()
    told = {line.split()[0]: line for line in lines}
    names = [field.name for group in (Settings, Limits, Serving, Http, Page) for field in fields(group)]
    assert list(told) == list(MEANINGS) == list(value_types()) == [*names, "models", "home", "model_folders"]
    assert told["model"].split()[1:3] == ["yolov3", "DETECTOR_MODEL"]
    assert told["side"].split()[1:5] == ["608", "side", "in", str(file)]
    assert told["max_files"].split()[1:3] == ["20", "default"]
    assert "(2 hidden)" in told["api_keys"]
    assert "one" not in told["api_keys"].split()
    assert told["url_key"].split()[1:4] == ["(1", "hidden)", "DETECTOR_URL_KEY"]
    assert all(MEANINGS[name] in line for name, line in told.items())
