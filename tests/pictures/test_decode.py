"""Foreign bytes to upright RGB, or one clear refusal."""

import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile

from detector.errors import ImageError
from detector.pictures.decode import read_picture
from detector.settings import Limits
from detector.values import Pixels
from tests.builders import file_bytes, noise_picture

NOISE = noise_picture(120, 90).pixels
IMAGE = Image.fromarray(NOISE)
JPEG, PNG = file_bytes(IMAGE, "JPEG"), file_bytes(IMAGE, "PNG")
# Six blocks of one colour each, so that a lossy format keeps them and every turn can be told apart.
BLOCKS = np.random.default_rng(4).integers(0, 256, (2, 3, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
FAITHFUL = {"quality": 95, "subsampling": 0, "lossless": True}  # each format takes what it knows


def read(data: bytes) -> Pixels:
    return read_picture(data).pixels


def largest_difference(one: Pixels, other: Pixels) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def two_pixels(mode: str, content: bytes, file_format: str = "PNG", **options: object) -> bytes:
    """A file of two pixels beside each other."""
    return file_bytes(Image.frombytes(mode, (2, 1), content), file_format, **options)


def palette_png(**options: object) -> bytes:
    image = Image.frombytes("P", (2, 1), b"\0\1")
    image.putpalette([10, 20, 30, 200, 100, 50])
    return file_bytes(image, "PNG", **options)


@pytest.mark.parametrize(
    ("file_format", "tolerance"), [("JPEG", 3), ("PNG", 0), ("WEBP", 0), ("BMP", 0), ("GIF", 0)], ids=str
)
def test_every_format_gives_its_picture_in_rgb(file_format: str, tolerance: int) -> None:
    data = file_bytes(Image.fromarray(BLOCKS), file_format, **FAITHFUL)
    assert largest_difference(read(data), BLOCKS) <= tolerance


def test_pixels_are_read_only_bytes_and_the_input_stays_as_it_was() -> None:
    data = bytes(bytearray(JPEG))
    pixels = read(data)
    assert pixels.dtype == np.uint8
    assert (pixels.shape, pixels.flags.writeable) == ((90, 120, 3), False)
    assert data == JPEG


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_animation_gives_its_first_frame(file_format: str) -> None:
    first, second = Image.new("RGB", (9, 7), (255, 0, 0)), Image.new("RGB", (9, 7), (0, 0, 255))
    data = file_bytes(first, file_format, save_all=True, append_images=[second], **FAITHFUL)
    assert np.array_equal(read(data), np.asarray(first))
    assert read_picture(data).animated
    assert not read_picture(file_bytes(first, file_format)).animated


def test_a_jpeg_with_another_picture_behind_it_does_not_move() -> None:
    data = file_bytes(
        Image.new("RGB", (9, 7)), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 7))]
    )
    assert not read_picture(data).animated


# By the EXIF standard: which side of the upright picture the first stored row and first stored column are.
STORED = {
    1: BLOCKS,  # top, left
    2: BLOCKS[:, ::-1],  # top, right
    3: BLOCKS[::-1, ::-1],  # bottom, right
    4: BLOCKS[::-1],  # bottom, left
    5: BLOCKS.swapaxes(0, 1),  # left, top
    6: BLOCKS[:, ::-1].swapaxes(0, 1),  # right, top
    7: BLOCKS[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: BLOCKS[::-1].swapaxes(0, 1),  # left, bottom
}


@pytest.mark.parametrize(("file_format", "tolerance"), [("JPEG", 3), ("PNG", 0), ("WEBP", 0)], ids=str)
@pytest.mark.parametrize("orientation", STORED)
def test_exif_turn_is_applied(orientation: int, file_format: str, tolerance: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = file_bytes(Image.fromarray(STORED[orientation]), file_format, exif=exif, **FAITHFUL)
    assert largest_difference(read(data), BLOCKS) <= tolerance


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (two_pixels("L", b"\x00\xc8"), [(0, 0, 0), (200, 200, 200)]),
        (two_pixels("1", b"\x40"), [(0, 0, 0), (255, 255, 255)]),
        (palette_png(), [(10, 20, 30), (200, 100, 50)]),
        (palette_png(transparency=0), [(255, 255, 255), (200, 100, 50)]),
        (palette_png(transparency=b"\x80\xff"), [(132, 137, 142), (200, 100, 50)]),
        (two_pixels("RGBA", b"\xff\x00\x64\x80\x01\x02\x03\x00"), [(255, 127, 177), (255, 255, 255)]),
        (two_pixels("RGBA", b"\1\2\3\0\1\2\3\xff", "WEBP", lossless=True), [(255, 255, 255), (1, 2, 3)]),
        (two_pixels("LA", b"\x00\x80\x64\xff"), [(127, 127, 127), (100, 100, 100)]),
        (two_pixels("L", b"\x05\x06", transparency=5), [(255, 255, 255), (6, 6, 6)]),
        (two_pixels("RGB", b"\1\2\3\4\5\6", transparency=(1, 2, 3)), [(255, 255, 255), (4, 5, 6)]),
        (two_pixels("I;16", b"\x34\x12\x00\xc8"), [(18, 18, 18), (200, 200, 200)]),
        (two_pixels("I;16", b"\x34\x12\x00\xc8", transparency=0x1234), [(255, 255, 255), (200, 200, 200)]),
    ],
    ids=[
        "grey",
        "1 bit",
        "palette",
        "palette with a clear entry",
        "palette with a half clear entry",
        "RGBA",
        "RGBA in WebP",
        "grey and alpha",
        "grey with a clear value",
        "RGB with a clear colour",
        "16 bit grey",
        "16 bit grey with a clear value",
    ],
)
def test_every_kind_of_pixel_becomes_rgb_on_white(data: bytes, expected: list[tuple[int, int, int]]) -> None:
    assert largest_difference(read(data), np.array([expected], dtype=np.uint8)) <= 1


def test_16_bit_grey_looks_like_its_8_bit_original() -> None:
    grey = IMAGE.convert("L")
    deep = (np.asarray(grey).astype("<u2") * 257).tobytes()  # 255 becomes 65535
    data = file_bytes(Image.frombytes("I;16", grey.size, deep), "PNG")
    assert np.array_equal(read(data), read(file_bytes(grey, "PNG")))


def test_cmyk_becomes_the_colours_it_would_print() -> None:
    inks = np.array([[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255], [100, 50, 0, 60]])
    printed = (255 - inks[:, :3]) * (255 - inks[:, 3:]) / 255
    blocks = inks.astype(np.uint8)[None].repeat(16, 0).repeat(16, 1)
    image = Image.frombytes("CMYK", (80, 16), blocks.tobytes())
    pixels = read(file_bytes(image, "JPEG", quality=95))
    assert largest_difference(pixels[8:9, 8::16], printed.round().astype(np.uint8)[None]) <= 4


@pytest.mark.parametrize("size_wh", [(1, 1), (1, 2000), (2000, 1)], ids=str)
def test_thin_pictures_are_accepted(size_wh: tuple[int, int]) -> None:
    assert read_picture(file_bytes(Image.new("RGB", size_wh), "PNG")).size_wh == size_wh


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "the file is empty; use a JPEG"),
        (b"not a picture\n" * 100, "not a picture that can be read"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "this is a web page, .*; save the picture itself"),
        (
            b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
            "this is an SVG .*; export it as PNG",
        ),
        (file_bytes(IMAGE, "TIFF"), "this is a TIFF picture, .*; save it as JPEG or PNG"),
        (file_bytes(IMAGE, "PPM"), "this is a Netpbm picture"),
        (bytes(1000), "not a picture that can be read"),
    ],
    ids=["empty", "text", "HTML", "SVG", "TIFF", "PPM", "zeros"],
)
def test_what_is_no_allowed_picture_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(ImageError, match=complaint):
        read_picture(data)


@pytest.mark.parametrize("percent", [10, 50, 90])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_cut_file_is_refused(file_format: str, percent: int) -> None:
    data = file_bytes(IMAGE, file_format)
    with pytest.raises(ImageError, match=r"damaged|not a picture that can be read"):
        read_picture(data[: len(data) * percent // 100])


@pytest.mark.parametrize("where", ["checksum", "content"])
@pytest.mark.parametrize("chunk", [b"IHDR", b"IDAT"], ids=["IHDR", "IDAT"])
def test_png_whose_checksum_is_wrong_is_refused(chunk: bytes, where: str) -> None:
    start = PNG.index(chunk) + 4
    (length,) = struct.unpack(">I", PNG[start - 8 : start - 4])
    data = bytearray(PNG)
    data[start + (length if where == "checksum" else length // 2)] ^= 0xFF
    with pytest.raises(ImageError, match=r"damaged|not a picture that can be read"):
        read_picture(bytes(data))


def test_byte_limit_is_the_last_size_allowed() -> None:
    assert read_picture(PNG, Limits(max_picture_bytes=len(PNG))).size_wh == (120, 90)
    with pytest.raises(ImageError, match=r"the file has 0\.0 MB, the limit is 0\.0 MB"):
        read_picture(PNG, Limits(max_picture_bytes=len(PNG) - 1))


def test_pixel_limit_is_the_last_size_allowed() -> None:
    assert read_picture(PNG, Limits(max_picture_pixels=120 * 90)).size_wh == (120, 90)
    with pytest.raises(ImageError, match="has 120 x 90 pixels, the limit is"):
        read_picture(PNG, Limits(max_picture_pixels=120 * 90 - 1))


def jpeg_that_claims(width: int, height: int, progressive: bool = False) -> bytes:
    data = file_bytes(IMAGE, "JPEG", progressive=progressive)
    at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 5  # after length and precision
    return data[:at] + struct.pack(">2H", height, width) + data[at + 4 :]


def grey_png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return PNG[:12] + header + struct.pack(">I", zlib.crc32(header)) + PNG[33:]


@pytest.mark.parametrize(
    "data",
    [jpeg_that_claims(30_000, 30_000), file_bytes(Image.new("1", (9000, 9000)), "PNG")],
    ids=["small JPEG that claims 900 million", "true PNG of 81 million"],
)
def test_too_many_pixels_are_refused_before_any_is_decoded(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    with pytest.raises(ImageError, match=r"pixels.*save a smaller copy"):
        read_picture(data)
    assert not decoded


@pytest.mark.parametrize(
    ("enough", "size_wh"),
    [(None, (800, 600)), (301, (800, 600)), (300, (400, 300)), (75, (100, 75))],
    ids=str,
)
def test_a_jpeg_is_reduced_to_what_is_enough_and_keeps_its_full_size(
    enough: int | None, size_wh: tuple[int, int]
) -> None:
    original = noise_picture(800, 600)
    reduced = read_picture(file_bytes(Image.fromarray(original.pixels), "JPEG", quality=95), enough=enough)
    assert (reduced.size_wh, reduced.full_wh) == (size_wh, (800, 600))
    expected = np.asarray(Image.fromarray(original.pixels).resize(size_wh, Image.Resampling.BOX))
    assert float(np.abs(reduced.pixels.astype(int) - expected).mean()) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_jpeg_is_turned_and_so_is_its_full_size(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    reduced = read_picture(file_bytes(Image.new("RGB", (800, 600), "red"), "JPEG", exif=exif), enough=150)
    turned = orientation >= 5
    assert reduced.size_wh == ((150, 200) if turned else (200, 150))
    assert reduced.full_wh == ((600, 800) if turned else (800, 600))


def test_other_formats_are_decoded_whole() -> None:
    picture = read_picture(PNG, enough=10)
    assert picture.size_wh == picture.full_wh == (120, 90)


def with_scans(data: bytes, keep: int) -> bytes:
    """That many of a JPEG's scans and its end: whole to a decoder, although something is missing."""
    starts = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)]
    return data[: starts[keep]] + b"\xff\xd9"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("enough", [None, 20], ids=["full", "reduced"])
def test_a_jpeg_that_ends_early_with_an_end_marker_is_refused(
    enough: int | None, mode: str, options: dict[str, object]
) -> None:
    data = file_bytes(IMAGE.convert(mode), "JPEG", **options)
    assert read_picture(data, enough=enough).full_wh == (120, 90)
    start = data.index(b"\xff\xda") + 14
    for percent in (20, 50, 80) if "progressive" not in options else (5, 10, 20):
        place = start + (len(data) - start) * percent // 100
        with pytest.raises(ImageError, match="its data ends before the picture does"):
            read_picture(data[:place].rstrip(b"\xff") + b"\xff\xd9", enough=enough)


def test_a_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    data = file_bytes(IMAGE, "JPEG", progressive=True)
    for scans in range(1, data.count(b"\xff\xda")):
        with pytest.raises(ImageError, match="its data ends before the picture does"):
            read_picture(with_scans(data, scans))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("enough", [None, 100], ids=["full", "reduced"])
def test_a_jpeg_that_claims_more_than_it_has_is_refused(enough: int | None, progressive: bool) -> None:
    with pytest.raises(ImageError, match="its data ends before the picture does"):
        read_picture(jpeg_that_claims(3000, 3000, progressive), enough=enough)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size_wh", [(640, 480), (801, 603), (1, 1)], ids=str)
@pytest.mark.parametrize("enough", [None, 80], ids=["full", "reduced"])
def test_a_grey_jpeg_is_whole(
    enough: int | None, size_wh: tuple[int, int], mode: str, options: dict[str, object]
) -> None:
    grey = Image.merge(mode, [Image.new("L", size_wh, 128)] * len(Image.new(mode, (1, 1)).getbands()))
    data = file_bytes(grey, "JPEG", **options)
    assert read_picture(data, enough=enough).full_wh == size_wh
    assert read_picture(data + bytes(1000), enough=enough).full_wh == size_wh


def test_a_thumbnail_within_a_jpeg_does_not_count_as_its_scans() -> None:
    thumbnail = file_bytes(Image.new("L", (8, 8)), "JPEG")
    inside = b"\xff\xe5" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    assert read_picture(JPEG[:2] + inside + JPEG[2:]).size_wh == (120, 90)


def test_a_gif_whose_second_frame_breaks_off_in_its_first_byte_is_damaged() -> None:
    gif = file_bytes(Image.new("P", (96, 72)), "GIF")
    second = (
        b"!\xf9\x04\x01\x00\x00\x01\x00," + struct.pack("<4H", 0, 0, 96, 72) + b"\x00"
    )  # and no code size
    with pytest.raises(ImageError, match="damaged or incomplete"):
        read_picture(gif[:-1] + second)
