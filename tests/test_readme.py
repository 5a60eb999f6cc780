"""What exists is named in the README, and what the README shows works."""

import re
from dataclasses import fields

import pytest

from detector.cli import cli
from detector.commands.detect import detect_command
from detector.engines.catalog import ENGINES
from detector.models.registry import Registry
from detector.settings import PRESETS, Http, Limits, Page, Serving, Settings, value_types
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
OPTIONS = [option.opts[0] for option in detect_command.params if option.opts[0].startswith("-")]
VARIABLES = [f"DETECTOR_{name.upper()}" for name in value_types()]


@pytest.mark.parametrize(
    "name",
    [*OPTIONS, *VARIABLES]
    + [entry.name for entry in ENGINES]
    + [*Registry().names, *PRESETS]
    + [f"detector {command}" for command in cli.commands],
)
def test_the_readme_names_it(name: str) -> None:
    assert name in README


def test_defaults_in_the_readme_are_the_real_ones() -> None:
    told = dict(re.findall(r"\| `(DETECTOR_\w+)` \| ([^|]+?) \|", README))
    for value in (Settings(), Limits(), Serving(), Http(), Page()):
        for field in fields(value):
            default = getattr(value, field.name)
            if default not in (None, (), ""):
                text = str(int(default) if isinstance(default, bool) else default)
                assert told[f"DETECTOR_{field.name.upper()}"] == text


def test_every_requirement_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert re.match(r"#|-r |[\w.-]+==\d", line), line


def test_the_pages_upload_limit_is_the_detectors_own() -> None:
    config = (ROOT / ".streamlit" / "config.toml").read_text()
    megabytes = re.search(r"maxUploadSize = (\d+)", config)
    assert megabytes
    assert int(megabytes[1]) * 1024 * 1024 == Limits().max_picture_bytes
