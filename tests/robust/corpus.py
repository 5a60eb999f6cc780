"""Hostile and harmless files, made from a seed: each with the answer that is expected of every way in."""

import functools
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from tests.builders import file_bytes, noise_picture

RGB = tuple[int, int, int]
W, H = 96, 72
COLOUR = (200, 60, 30)  # of the plain pictures
BROKEN = "damaged or incomplete|not a picture that can be read"
CUT = "damaged or incomplete"
TOO_MANY = r"pixels.*save a smaller copy"


@dataclass(frozen=True)
class Case:
    """A file as a visitor sends it. Accepted, it has a size and about that mean colour; refused, words match."""

    name: str
    data: bytes
    size_wh: tuple[int, int] = (0, 0)
    colour: RGB = (0, 0, 0)
    words: str = ""
    heavy: bool = False  # may cost what 49 million pixels cost, which the limits allow

    @property
    def accepted(self) -> bool:
        """Whether it is a picture that can be used."""
        return not self.words


@functools.cache
def corpus() -> tuple[Case, ...]:
    """All of them; names differ."""
    return (*_accepted(), *_other_formats(), *_no_pictures(), *_damaged(), *_liars(), *_names())


NOISE = Image.fromarray(noise_picture(W, H).pixels)
MEAN: RGB = tuple(int(v) for v in np.asarray(NOISE).reshape(-1, 3).mean(0))  # type: ignore[assignment]
PLAIN = Image.new("RGB", (W, H), COLOUR)


def _taken(name: str, data: bytes, colour: RGB = MEAN, size_wh: tuple[int, int] = (W, H)) -> Case:
    return Case(name, data, size_wh, colour)


def _accepted() -> Iterator[Case]:
    for name, options in (
        ("baseline.jpg", {}),
        ("progressive.jpg", {"progressive": True}),
        ("restarts.jpg", {"restart_marker_rows": 1}),
        ("coarse colour.jpg", {"subsampling": 2, "quality": 95}),
        ("full colour.jpeg", {"subsampling": 0, "quality": 95}),
    ):
        yield _taken(name, file_bytes(NOISE, "JPEG", **options))
    yield _taken("cmyk.jpg", file_bytes(PLAIN.convert("CMYK"), "JPEG"), COLOUR)
    yield _taken("grey.jpg", file_bytes(PLAIN.convert("L"), "JPEG"), (98, 98, 98))
    yield _taken(
        "mid grey.jpg", file_bytes(Image.new("RGB", (W, H), (128, 128, 128)), "JPEG"), (128, 128, 128)
    )
    other = Image.new("RGB", (W, H), "blue")
    yield _taken("two.mpo.jpg", file_bytes(PLAIN, "MPO", save_all=True, append_images=[other]), COLOUR)
    yield from _pngs()
    for name, options in (("lossy.webp", {}), ("lossless.webp", {"lossless": True})):
        yield _taken(name, file_bytes(NOISE, "WEBP", **options))
    yield _taken("clear.webp", file_bytes(Image.new("RGBA", (W, H)), "WEBP", lossless=True), (255, 255, 255))
    yield _taken("24 bit.bmp", file_bytes(NOISE, "BMP"))
    yield _taken("8 bit.bmp", file_bytes(PLAIN.convert("L"), "BMP"), (98, 98, 98))
    yield _taken("1 bit.bmp", file_bytes(Image.new("1", (W, H), 1), "BMP"), (255, 255, 255))
    yield _taken("one.gif", file_bytes(PLAIN.quantize(4), "GIF"), COLOUR)
    for suffix, file_format in (("gif", "GIF"), ("webp", "WEBP"), ("png", "PNG")):
        moving = file_bytes(PLAIN, file_format, save_all=True, append_images=[other, NOISE])
        yield _taken(f"moving.{suffix}", moving, COLOUR)
    yield _taken("ten thousand frames.gif", many_frames(10_000), COLOUR)
    yield from _turned()
    for size_wh in ((1, 1), (1, 20_000), (20_000, 1)):
        data = file_bytes(Image.new("RGB", size_wh, COLOUR), "PNG")
        yield _taken(f"{size_wh[0]} by {size_wh[1]}.png", data, COLOUR, size_wh)
    yield _taken("sent as jpeg but is.jpg", file_bytes(NOISE, "PNG"))
    yield from _polyglots()


def _pngs() -> Iterator[Case]:
    deep = Image.fromarray((np.full((H, W), 98, dtype=np.uint16) * 257).astype(np.uint16))
    white, grey = (255, 255, 255), (98, 98, 98)
    for name, image, colour in (
        ("rgb.png", NOISE, MEAN),
        ("grey.png", PLAIN.convert("L"), grey),
        ("1 bit.png", Image.new("1", (W, H), 1), white),
        ("16 bit.png", deep, grey),
        ("palette.png", PLAIN.quantize(4), COLOUR),
        ("rgba.png", Image.new("RGBA", (W, H), (*COLOUR, 255)), COLOUR),
        ("clear.png", Image.new("RGBA", (W, H), (*COLOUR, 0)), white),
        ("half clear.png", Image.new("RGBA", (W, H), (0, 0, 0, 128)), (127, 127, 127)),
        ("grey and alpha.png", Image.new("LA", (W, H), (0, 0)), white),
    ):
        yield _taken(name, file_bytes(image, "PNG"), colour)
    yield _taken("clear palette.png", file_bytes(PLAIN.quantize(4), "PNG", transparency=0), white)
    rows = zlib.compress(b"".join(b"\0" + bytes([c for v in COLOUR for c in (v, v)]) * W for _ in range(H)))
    yield _taken("16 bit colour.png", png(W, H, rows, depth=16), COLOUR)


def _turned() -> Iterator[Case]:
    """A picture twice as wide as high, with each turn that EXIF knows; upright it may be twice as high."""
    image = Image.new("RGB", (96, 48), COLOUR)
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = turn
        upright = (48, 96) if turn >= 5 else (96, 48)
        for suffix, file_format in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")):
            yield _taken(f"turn {turn}.{suffix}", file_bytes(image, file_format, exif=exif), COLOUR, upright)


SCRIPT = b"<script>alert('polyglot')</script>"


def _polyglots() -> Iterator[Case]:
    jpeg, png_bytes, gif = (file_bytes(PLAIN, f) for f in ("JPEG", "PNG", "GIF"))
    yield _taken("jpeg and zip.jpg", jpeg + ARCHIVE, COLOUR)
    yield _taken("png and script.png", png_bytes + SCRIPT, COLOUR)
    comment = b"\xff\xfe" + struct.pack(">H", len(SCRIPT) + 2) + SCRIPT
    yield _taken("script in comment.jpg", jpeg[:2] + comment + jpeg[2:], COLOUR)
    yield _taken("gif and script.gif", gif + b";" + SCRIPT, COLOUR)
    text = chunk(b"tEXt", b"Comment\0" + SCRIPT)
    yield _taken("script in text.png", png_bytes[:33] + text + png_bytes[33:], COLOUR)


def _other_formats() -> Iterator[Case]:
    """Each refused by its own name, under a name that says it is a JPEG."""
    beginnings = {
        "HEIC": (_boxes(b"heic", b"mif1heic"), "an HEIC picture, as iPhones make.*; share it as JPEG"),
        "HEIF": (_boxes(b"mif1", b"mif1heic"), "an HEIC picture, as iPhones make.*; share it as JPEG"),
        "AVIF made by hand": (_boxes(b"mif1", b"avifmif1"), "an AVIF picture.*; save it as JPEG or PNG"),
        "AVIF": (file_bytes(NOISE, "AVIF"), "an AVIF picture"),
        "MP4": (_boxes(b"isom", b"isommp42"), "a video.*; save one frame"),
        "MOV": (_boxes(b"qt  ", b"qt  "), "a video"),
        "WebM": (b"\x1a\x45\xdf\xa3" + bytes(200), "a video"),
        "AVI": (b"RIFF\xff\0\0\0AVI LIST" + bytes(100), "a video"),
        "CR3": (_boxes(b"crx ", b"crx isom"), "a Canon raw picture.*; export it as JPEG"),
        "TIFF": (file_bytes(NOISE, "TIFF"), "a TIFF picture, or a camera's raw one"),
        "big endian TIFF": (b"MM\0*\0\0\0\x08" + bytes(100), "a TIFF picture"),
        "JPEG 2000": (file_bytes(NOISE, "JPEG2000"), "a JPEG 2000 picture"),
        "JPEG 2000 codestream": (b"\xff\x4f\xff\x51" + bytes(100), "a JPEG 2000 picture"),
        "JPEG XL": (b"\xff\x0a" + bytes(100), "a JPEG XL picture"),
        "EXR": (b"\x76\x2f\x31\x01\x02\0\0\0" + bytes(100), "an OpenEXR picture"),
        "HDR": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n", "a Radiance HDR picture"),
        "FITS": (b"SIMPLE  =                    T".ljust(2880), "a FITS picture"),
        "PSD": (b"8BPS\0\1" + bytes(200), "a Photoshop document"),
        "XCF": (b"gimp xcf v011\0" + bytes(100), "a GIMP document"),
        "PPM": (file_bytes(NOISE, "PPM"), "a Netpbm picture"),
        "DDS": (file_bytes(NOISE, "DDS"), "a DDS texture"),
        "ICO": (file_bytes(NOISE, "ICO"), "an icon file"),
        "QOI": (file_bytes(NOISE, "QOI"), "a QOI picture"),
        "EPS": (file_bytes(NOISE, "EPS"), r"PostScript \(EPS\).*; export it as PNG"),
        "EPS with a program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(rm) run\n", "PostScript"),
        "PDF": (file_bytes(NOISE, "PDF"), "a PDF document"),
        "TGA": (file_bytes(NOISE, "TGA"), "not a picture that can be read"),
        "DICOM": (bytes(128) + b"DICM" + bytes(100), "a DICOM picture"),
        "ZIP": (ARCHIVE, "an archive, or a document made of one"),
        "gzip": (b"\x1f\x8b\x08" + bytes(100), "an archive"),
    }
    for name, (data, words) in beginnings.items():
        yield Case(f"{name}.jpg", data, words=words)


def _boxes(brand: bytes, compatible: bytes) -> bytes:
    first = b"ftyp" + brand + bytes(4) + compatible
    return struct.pack(">I", len(first) + 4) + first + b"\0\0\0\x08mdat" + bytes(200)


ARCHIVE = b"PK\3\4" + bytes(26) + b"PK\5\6" + bytes(18)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'


def _no_pictures() -> Iterator[Case]:
    yield Case("empty.jpg", b"", words="the file is empty")
    yield Case("one byte.jpg", b"\xff", words="not a picture")
    yield Case("zeros.png", bytes(100_000), words="not a picture")
    yield Case("noise.webp", np.random.default_rng(3).bytes(100_000), words="not a picture")
    yield Case("text.jpg", b"not a picture\n" * 100, words="not a picture")
    yield Case(
        "page.jpg", b"<!DOCTYPE html>\n<html><body>404</body></html>", words="a web page.*; save the picture"
    )
    yield Case("page with a mark.png", b"\xef\xbb\xbf \n<HTML>", words="a web page")
    yield Case("drawing.png", SVG, words="an SVG drawing.*; export it as PNG")
    yield Case("drawing with xml.jpg", b'<?xml version="1.0"?>\n<!-- x -->' + SVG, words="an SVG drawing")
    yield Case(
        "entities.jpg",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>',
        words="not a picture",
    )
    yield Case("program.jpg", b"\x7fELF" + bytes(1000), words="not a picture")
    yield Case("magic only.jpg", b"\xff\xd8\xff", words=CUT)
    yield Case("magic only.png", b"\x89PNG\r\n\x1a\n", words=CUT)
    yield Case("magic only.gif", b"GIF89a", words=CUT)
    yield Case("magic only.webp", b"RIFF\4\0\0\0WEBP", words=BROKEN)
    yield Case("magic only.bmp", b"BM", words=CUT)
    too_many_bytes = file_bytes(PLAIN, "JPEG") + bytes(25 * 1024 * 1024)
    yield Case("too many bytes.jpg", too_many_bytes, words=r"the file has 26\.\d MB, the limit is 26\.2 MB")


def _damaged() -> Iterator[Case]:
    for suffix, file_format, options in (
        ("jpg", "JPEG", {}),
        ("progressive.jpg", "JPEG", {"progressive": True}),
        ("png", "PNG", {}),
        ("webp", "WEBP", {"lossless": True}),
        ("bmp", "BMP", {}),
        ("gif", "GIF", {}),
    ):
        whole = file_bytes(NOISE, file_format, **options)
        for tenth in range(1, 10):
            yield Case(f"cut at {tenth}0 percent.{suffix}", whole[: len(whole) * tenth // 10], words=BROKEN)
    jpeg, png_bytes = file_bytes(NOISE, "JPEG"), file_bytes(NOISE, "PNG")
    yield Case("half and an end.jpg", jpeg[: len(jpeg) * 6 // 10] + b"\xff\xd9", words=CUT)
    yield Case("no end.jpg", jpeg[:-2], words=CUT)
    start = jpeg.index(b"\xff\xda")
    yield Case("without its scan.jpg", jpeg[:start] + b"\xff\xd9", words=BROKEN)
    yield Case("zeros in the middle.png", png_bytes[:2000] + bytes(500) + png_bytes[2500:], words=CUT)
    rotten = bytearray(png_bytes)
    for place in np.random.default_rng(5).integers(41, len(rotten) - 12, 20):
        rotten[place] ^= 0x10
    yield Case("bit rot.png", bytes(rotten), words=CUT)
    rotten = bytearray(jpeg)
    tables = jpeg.index(b"\xff\xc4")
    rotten[tables + 5 : tables + 21] = b"\xff" * 16  # more codes of each length than there can be
    yield Case("bit rot in tables.jpg", bytes(rotten), words=BROKEN)
    # The last four bytes before the end's chunk are the checksum of the data, which stays right itself.
    for name, at in (("header", 29), ("data", len(png_bytes) - 14)):
        wrong = bytearray(png_bytes)
        wrong[at] ^= 0xFF
        yield Case(f"wrong checksum of {name}.png", bytes(wrong), words=CUT)


def _liars() -> Iterator[Case]:
    tiny = zlib.compress(bytes(100))
    for side in (0, 7_000, 9_000, 20_000, 65_500, 100_000, 2**31 - 1):
        words = CUT if side == 7_000 else BROKEN if side == 0 else TOO_MANY
        heavy = side == 7_000
        yield Case(f"claims {side} a side.png", png(side, side, tiny), words=words, heavy=heavy)
        bmp = bytearray(file_bytes(NOISE, "BMP"))
        bmp[18:26] = struct.pack("<ii", side, side)
        yield Case(f"claims {side} a side.bmp", bytes(bmp), words=words, heavy=heavy)
        if side <= 65_500:
            for suffix, options in (("jpg", {}), ("progressive.jpg", {"progressive": True})):
                data = bytearray(file_bytes(NOISE, "JPEG", **options))
                frame = data.index(b"\xff\xc2" if options else b"\xff\xc0")
                data[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
                yield Case(f"claims {side} a side.{suffix}", bytes(data), words=words, heavy=heavy)
            gif = bytearray(file_bytes(NOISE, "GIF"))
            gif[6:10] = struct.pack("<HH", side, side)
            if side > 7_000:
                yield Case(f"claims {side} a side.gif", bytes(gif), words=TOO_MANY)
    webp = bytearray(file_bytes(NOISE, "WEBP", lossless=True))
    webp[21:25] = (16_382 | 16_382 << 14).to_bytes(4, "little")
    yield Case("claims 16383 a side.webp", bytes(webp), words=f"{TOO_MANY}|{BROKEN}")
    yield Case("bomb of 81 million.png", file_bytes(Image.new("1", (9_000, 9_000)), "PNG"), words=TOO_MANY)
    bomb = zlib.compress(bytes(200_000_000), 1)
    plain = file_bytes(PLAIN, "PNG")
    packed = chunk(b"zTXt", b"Comment\0\0" + bomb)
    yield Case("bomb in text.png", plain[:33] + packed + plain[33:], words=BROKEN)
    packed = chunk(b"iCCP", b"profile\0\0" + bomb)
    yield Case("bomb in profile.png", plain[:33] + packed + plain[33:], words=BROKEN)
    yield _taken("more data than pixels.png", png(W, H, bomb_rows(), depth=8), COLOUR)


def large() -> tuple[Case, ...]:
    """Good pictures just within the limit of pixels, of the modes that cost most."""
    size_wh = (7_000, 7_100)
    half = Image.new("RGBA", size_wh, (*COLOUR, 128))
    lighter: RGB = (227, 157, 142)
    inks, grey = Image.new("CMYK", size_wh, (55, 195, 225, 0)), Image.new("RGB", size_wh, (128, 128, 128))
    return tuple(
        Case(name, file_bytes(image, file_format, **options), size_wh, colour, heavy=True)
        for name, image, file_format, options, colour in (
            ("large.jpg", half.convert("RGB"), "JPEG", {}, COLOUR),
            ("large grey.progressive.jpg", grey, "JPEG", {"progressive": True}, (128, 128, 128)),
            ("large cmyk.jpg", inks, "JPEG", {}, COLOUR),
            ("large.png", half, "PNG", {"compress_level": 1}, lighter),
            ("large.webp", half, "WEBP", {"lossless": True, "method": 0}, lighter),
            ("large.gif", grey.convert("L"), "GIF", {}, (128, 128, 128)),
        )
    )


def bomb_rows() -> bytes:
    """The rows of a plain picture and 100 MB of zeros after them."""
    return zlib.compress((b"\0" + bytes(COLOUR) * W) * H + bytes(100_000_000), 1)


def _names() -> Iterator[Case]:
    """Names that are no names for a file; under each a good picture."""
    picture = file_bytes(PLAIN, "PNG")
    for number, name in enumerate(
        (
            "../../escape.png",
            "/absolute.png",
            "..\\..\\escape.png",
            "C:\\escape.png",
            "zero\0byte.png",
            "new\nline.png",
            "return\r\nX-Header: yes.png",
            "n" * 296 + ".png",
            "\u202egnp.exe.png",
            "\U0001f98a\U0001f34e.png",
            "cafe\u0301.png",
            "-rf.png",
            "con.png",
            "<img src=x onerror=alert(1)>.png",
            "**bold** [link](javascript:alert(1)) $x$.png",
            "';drop table--.png",
            "$(reboot) `reboot` %s {0}.png",
            '"quoted".png',
        )
    ):
        own = chunk(b"tEXt", b"Comment\0%d" % number)  # or they would be one picture under many names
        yield _taken(name, picture[:33] + own + picture[33:], COLOUR)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, packed: bytes, depth: int = 8) -> bytes:
    """An RGB PNG that claims that size, whatever its data holds."""
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def many_frames(count: int) -> bytes:
    """A GIF that shows its first frame and then that many small ones."""
    first = file_bytes(PLAIN.quantize(4), "GIF")
    small = io.BytesIO()
    Image.new("P", (1, 1)).save(small, "GIF")
    frame = small.getvalue()[small.getvalue().index(b",") : -1]
    return first[:-1] + frame * count + b";"
