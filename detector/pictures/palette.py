"""One colour a class, the same on every run, with text on it that can be read."""

import colorsys

Colour = tuple[int, int, int]  # red, green, blue, 0 to 255

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
_GOLDEN_TURN = 0.618033988749895  # Steps of the golden ratio keep any run of hues apart.
_LIGHTNESS = (0.52, 0.68, 0.40)  # Neighbouring classes also differ in lightness, for eyes that mix up hues.


def class_colour(class_id: int) -> Colour:
    """The colour of a class, by its index."""
    hue = (0.04 + class_id * _GOLDEN_TURN) % 1
    red, green, blue = colorsys.hls_to_rgb(hue, _LIGHTNESS[class_id % 3], 0.85)
    return round(red * 255), round(green * 255), round(blue * 255)


def text_colour(background: Colour) -> Colour:
    """Black or white, whichever contrasts more; the better one always has at least 4.5:1."""
    return max((BLACK, WHITE), key=lambda text: contrast(text, background))


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1 to 21, after WCAG 2.2 (relative luminance of sRGB)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
