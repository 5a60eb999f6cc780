"""Picture -> file bytes."""

import io

import numpy as np
from PIL import Image

from detector.errors import ImageError
from detector.pictures import FORMAT_OF_SUFFIX
from detector.values import Picture

_OPTIONS: dict[str, dict[str, int]] = {
    "JPEG": {"quality": 90},
    "PNG": {"compress_level": 3},  # A fifth of the default level's time for a few per cent more bytes.
    "WEBP": {"quality": 85, "method": 2},
    "BMP": {},
}


def encode(picture: Picture, suffix: str) -> bytes:
    """The picture as a file with that suffix (".jpg", ".png", ".webp", ".bmp").

    Raises ImageError for another suffix, and for a picture larger than the format allows.
    """
    name = FORMAT_OF_SUFFIX.get(suffix.lower())
    if name is None:
        raise ImageError(f"{suffix!r} cannot be written; use one of {', '.join(FORMAT_OF_SUFFIX)}")
    buffer = io.BytesIO()
    try:
        Image.fromarray(picture.pixels).save(buffer, name, **_OPTIONS[name])
    except (OSError, ValueError) as error:  # WebP ends at 16,383 pixels a side, JPEG at 65,500
        width, height = picture.size_wh
        raise ImageError(
            f"{width} x {height} pixels cannot be written as {name} ({error}); write PNG instead"
        ) from error
    return buffer.getvalue()


def shrink(picture: Picture, max_width: int) -> Picture:
    """The picture no wider than `max_width` pixels, for a screen; itself where it is narrow enough."""
    image = Image.fromarray(picture.pixels)
    if image.width <= max_width:
        return picture
    height = max(1, round(image.height * max_width / image.width))
    return Picture(np.asarray(image.resize((max_width, height), Image.Resampling.BOX, reducing_gap=2.0)))
