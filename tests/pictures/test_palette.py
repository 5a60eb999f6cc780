"""Colours: one a class, always the same, and text on them that can be read."""

import numpy as np
import pytest

from detector.pictures.palette import BLACK, WHITE, Colour, class_colour, contrast, text_colour


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
    [(0, (237, 78, 29)), (16, (243, 104, 164)), (79, (243, 104, 217))],
    ids=["person", "dog", "toothbrush"],
)
def test_colour_of_a_class_never_changes(class_id: int, colour: Colour) -> None:
    assert class_colour(class_id) == colour


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
