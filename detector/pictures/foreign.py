"""What a file is that is none of the pictures read here, by its first bytes, and what to do with it instead."""

_SAVE = "save it as JPEG or PNG"
_RAW = "export it as JPEG with the camera's or a photo program"

# What the file is, what to do, and where its first bytes stand.
_BEGINNINGS: tuple[tuple[str, str, tuple[bytes, ...]], ...] = (
    ("a TIFF picture, or a camera's raw one", _SAVE, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    ("a JPEG 2000 picture", _SAVE, (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")),
    ("a JPEG XL picture", _SAVE, (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a")),
    ("an OpenEXR picture", _SAVE, (b"\x76\x2f\x31\x01",)),
    ("a Radiance HDR picture", _SAVE, (b"#?RADIANCE", b"#?RGBE")),
    ("a FITS picture", _SAVE, (b"SIMPLE  =",)),
    ("a Photoshop document (PSD)", "export it as JPEG or PNG", (b"8BPS",)),
    ("a GIMP document (XCF)", "export it as JPEG or PNG", (b"gimp xcf",)),
    ("a Netpbm picture", _SAVE, tuple(b"P%d%c" % (kind, space) for kind in range(1, 8) for space in b"\n ")),
    ("a DDS texture", _SAVE, (b"DDS ",)),
    ("a QOI picture", _SAVE, (b"qoif",)),
    ("an icon file", _SAVE, (b"\0\0\1\0", b"icns")),
    ("a Fujifilm raw picture", _RAW, (b"FUJIFILMCCD-RAW",)),
    ("PostScript (EPS)", "export it as PNG", (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    ("a PDF document", "export its page as PNG", (b"%PDF-",)),
    ("a video", "save one frame of it as JPEG", (b"\x1a\x45\xdf\xa3",)),
    (
        "an archive, or a document made of one",
        "take the picture out of it",
        (b"PK\3\4", b"7z\xbc\xaf\x27\x1c"),
    ),
    ("an archive", "take the picture out of it", (b"Rar!\x1a\x07", b"\x1f\x8b\x08")),
)
# Of files made of boxes, as HEIC and MP4 are: what a brand in the first box says. AVIF names HEIC's brands too.
_BRANDS: tuple[tuple[str, str, frozenset[bytes]], ...] = (
    ("an AVIF picture", _SAVE, frozenset({b"avif", b"avis"})),
    (
        "an HEIC picture, as iPhones make",
        "share it as JPEG",
        frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}),
    ),
    ("a Canon raw picture", _RAW, frozenset({b"crx "})),
)
_LOOKED_AT = 1024


def describe(data: bytes) -> tuple[str, str] | None:
    """What the bytes are, with its article, and what to do instead; None where they are nothing known."""
    head = data[:_LOOKED_AT]
    for what, instead, beginnings in _BEGINNINGS:
        if head.startswith(beginnings):
            return what, instead
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "a video", "save one frame of it as JPEG"
    if head[128:132] == b"DICM":
        return "a DICOM picture", "export it as PNG"
    return _by_markup(head)


def _by_brand(head: bytes) -> tuple[str, str]:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, end, 4))}
    for what, instead, known in _BRANDS:
        if brands & known:
            return what, instead
    return "a video", "save one frame of it as JPEG"


def _by_markup(head: bytes) -> tuple[str, str] | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page", "save the picture itself"
    if text.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in text:
        return "an SVG drawing", "export it as PNG"
    return None
