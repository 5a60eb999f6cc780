"""Picture bytes -> Picture, in the one place where foreign bytes become pixels."""

import io

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from detector.errors import ImageError, TooLargeError
from detector.pictures import jpeg
from detector.pictures.foreign import describe
from detector.settings import Limits
from detector.values import Picture

# Looked up by content, never by file name; every other decoder stays out of reach.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")  # of those formats
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
USE_INSTEAD = "use a JPEG, PNG, WebP, BMP or GIF picture"


def read_picture(data: bytes, limits: Limits | None = None, enough: int | None = None) -> Picture:
    """Decode JPEG, PNG, WebP, BMP or GIF to upright RGB; of an animation the first frame.

    The EXIF turn is applied, transparency is laid on white, 16 bit is reduced to 8, CMYK and palettes converted.
    Size is checked from the header before a pixel is decoded. What is refused is named by its first bytes.
    enough: pixels that suffice for each side; a JPEG at least twice as large is decoded to a half, a quarter or an
    eighth, which its cosine transform gives for less work than the whole. None decodes all there is.
    Raises ImageError for anything that is not a whole, allowed picture, TooLargeError over the limits.
    """
    limits = limits or Limits()
    if not data:
        raise ImageError(f"the file is empty; {USE_INSTEAD}")
    if len(data) > limits.max_picture_bytes:
        raise TooLargeError(
            f"the file has {_megabytes(len(data))}, the limit is {_megabytes(limits.max_picture_bytes)};"
            " save a smaller copy"
        )
    with _open(data) as image:
        _check_pixels(image.width, image.height, limits)
        full_wh, animated = image.size, _moves(image)
        if enough is not None:
            image.draft(None, (enough, enough))
        upright, turned = _to_rgb(image, data, enough)
        return Picture(np.asarray(upright), full_wh[::-1] if turned else full_wh, animated)


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.format == "PNG":  # decoding alone passes over a wrong checksum
            Image.open(io.BytesIO(data), formats=("PNG",)).verify()
        return image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLargeError("the picture claims far too many pixels; save a smaller copy") from None
    except UnidentifiedImageError:
        raise _refusal(data) from None
    except (
        Exception
    ) as error:  # A header can break a decoder in any way; none of them is the caller's concern.
        raise _damaged(error) from error


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_picture_pixels:
        raise TooLargeError(
            f"the picture has {width} x {height} pixels, the limit is"
            f" {limits.max_picture_pixels / 1e6:.0f} million; save a smaller copy"
        )


def _moves(image: Image.Image) -> bool:
    """Whether there is another frame. A JPEG with other pictures behind it (MPO: a preview, the other eye) has none."""
    try:
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except Exception as error:  # to find out, Pillow reads the beginning of the second
        raise _damaged(error) from error


def _refusal(data: bytes) -> ImageError:
    if data.startswith(_BEGINNINGS):
        return _damaged("nothing follows its first bytes that could be read")
    if known := describe(data):
        what, instead = known
        return ImageError(f"this is {what}, which is not read here; {instead}")
    return ImageError(f"this is not a picture that can be read; {USE_INSTEAD}")


def _damaged(reason: object) -> ImageError:
    return ImageError(f"the picture is damaged or incomplete ({reason}); save it again, or {USE_INSTEAD}")


def _to_rgb(image: Image.Image, data: bytes, enough: int | None) -> tuple[Image.Image, bool]:
    """The picture in RGB, upright, and whether that swapped its width and height. The image given is used up."""
    try:
        image.load()
        if image.format in ("JPEG", "MPO") and not jpeg.is_whole(data, image, enough):
            raise ValueError("its data ends before the picture does")
        turned = image.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS
        ImageOps.exif_transpose(image, in_place=True)
        return _flatten(image), turned
    except Exception as error:  # As above; Pillow raises OSError, SyntaxError, struct.error and more.
        raise _damaged(error) from error


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bit grey; convert("RGB") would clip it to white
        values = np.asarray(image)
        grey = (values.astype(np.uint32) >> 8).astype(np.uint8)
        return Image.fromarray(np.where(values == image.info.get("transparency", -1), 255, grey)).convert(
            "RGB"
        )
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba)
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
