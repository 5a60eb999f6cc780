"""Colours: one a class, always the same, told apart by colour-blind eyes, and text on them that can be read."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from detector.pictures.palette import BLACK, WHITE, Colour, class_colour, contrast, text_colour

Floats = npt.NDArray[np.float64]


def wcag_contrast(one: Colour, other: Colour) -> float:
    """Written anew from WCAG 2.2: relative luminance of sRGB, (lighter + 0.05) / (darker + 0.05)."""
    srgb = np.array([one, other]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722] + 0.05
    return float(luminance.max() / luminance.min())


def test_eighty_classes_have_eighty_colours() -> None:
    assert len({class_colour(class_id) for class_id in range(80)}) == 80


@pytest.mark.parametrize(
    ("class_id", "colour"),
    [(0, (230, 159, 0)), (16, (0, 111, 80)), (79, (31, 170, 132))],
    ids=["person", "dog", "toothbrush"],
)
def test_colour_of_a_class_never_changes(class_id: int, colour: Colour) -> None:
    assert class_colour(class_id) == colour


# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
COLOUR_BLIND = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(linear_rgb: Floats) -> Floats:
    """CIE L*a*b* under D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear_rgb.clip(0, 1) @ to_xyz.T / [0.9505, 1, 1.0889]
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", COLOUR_BLIND)
def test_colour_blind_eyes_tell_neighbouring_classes_apart(kind: str) -> None:
    srgb = np.array([class_colour(class_id) for class_id in range(7)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = [lab(colour) for colour in linear @ np.array(COLOUR_BLIND[kind]).T]
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) > 15


def test_text_can_be_read_on_every_colour() -> None:
    for class_id in range(200):
        colour = class_colour(class_id)
        text = text_colour(colour)
        assert text in (BLACK, WHITE)
        assert wcag_contrast(text, colour) >= 4.5, f"class {class_id}, {colour}"


@pytest.mark.parametrize(
    ("one", "other"),
    [(BLACK, WHITE), (WHITE, (118, 118, 118)), ((255, 0, 0), (0, 0, 9)), ((7, 7, 7), (7, 7, 7))],
    ids=["largest", "AA grey", "red on near black", "same"],
)
def test_contrast_is_that_of_wcag_either_way_round(one: Colour, other: Colour) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(wcag_contrast(one, other))


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
