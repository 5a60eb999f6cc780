"""Pictures to file bytes, and smaller copies for a screen."""

import io

import numpy as np
import pytest
from PIL import Image

from detector.errors import ImageError
from detector.pictures.encode import encode, shrink
from detector.values import Picture
from tests.builders import noise_picture

PICTURE = noise_picture(120, 90)


@pytest.mark.parametrize(
    ("suffix", "file_format", "tolerance"),
    [
        (".jpg", "JPEG", 3),
        (".JPEG", "JPEG", 3),
        (".png", "PNG", 0),
        (".webp", "WEBP", 3),
        (".bmp", "BMP", 0),
    ],
    ids=str,
)
def test_each_suffix_gives_its_format_and_the_same_picture(
    suffix: str, file_format: str, tolerance: float
) -> None:
    image = Image.open(io.BytesIO(encode(PICTURE, suffix)))
    assert (image.format, image.mode, image.size) == (file_format, "RGB", (120, 90))
    assert np.abs(np.asarray(image).astype(int) - PICTURE.pixels).mean() <= tolerance


@pytest.mark.parametrize("suffix", [".gif", "png", ""])
def test_suffix_that_cannot_be_written_is_named_with_the_choices(suffix: str) -> None:
    with pytest.raises(ImageError, match=rf"^'{suffix}' cannot be written; use one of \.jpg, \.jpeg, \.png"):
        encode(PICTURE, suffix)


@pytest.mark.parametrize(("suffix", "width"), [(".webp", 16_384), (".jpg", 65_501)], ids=["webp", "jpg"])
def test_picture_too_wide_for_its_format_is_refused(suffix: str, width: int) -> None:
    with pytest.raises(ImageError, match="cannot be written"):
        encode(Picture(np.zeros((1, width, 3), dtype=np.uint8)), suffix)


@pytest.mark.parametrize(
    ("size_wh", "max_width", "expected"),
    [((120, 90), 40, (40, 30)), ((121, 90), 120, (120, 89)), ((2000, 1), 100, (100, 1))],
    ids=["a third", "by one", "thin"],
)
def test_shrink_keeps_the_proportions(
    size_wh: tuple[int, int], max_width: int, expected: tuple[int, int]
) -> None:
    assert shrink(noise_picture(*size_wh), max_width).size_wh == expected


def test_shrink_to_half_gives_the_mean_of_each_four_pixels() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    means = pixels.reshape(20, 2, 30, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrink(Picture(pixels), 30).pixels - means).max() <= 1


@pytest.mark.parametrize("max_width", [120, 500])
def test_shrink_leaves_a_narrow_picture_alone(max_width: int) -> None:
    assert shrink(PICTURE, max_width) is PICTURE
