"""One colour a class, the same on every run, with text on it that can be read."""

Colour = tuple[int, int, int]  # red, green, blue, 0 to 255

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
# Seven hues that colour-blind eyes tell apart (Okabe and Ito, Color Universal Design, 2008; without its black).
_HUES: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
# Each round through the hues lies nearer to white (over 0) or to black; neighbours in the list are far apart.
_SHADES = (0, 0.45, -0.3, 0.22, -0.15, 0.6, -0.4, 0.33, -0.22, 0.52, -0.35, 0.12)


def class_colour(class_id: int) -> Colour:
    """The colour of a class, by its index; they repeat after 84."""
    turn, index = divmod(class_id, len(_HUES))
    shade = _SHADES[turn % len(_SHADES)]
    end = 255 if shade > 0 else 0
    red, green, blue = (round(channel + abs(shade) * (end - channel)) for channel in _HUES[index])
    return red, green, blue


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
