"""Whether a JPEG is all there: where its data ends too soon, its decoder fills up with grey and says nothing.

Format: ITU-T T.81, annexes B (markers) and G (progressive scans). A damaged byte within the data cannot be told:
JPEG has no checksum.
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from PIL import Image

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # in a scan: neither a stuffed zero nor a restart
_PROGRESSIVE = (0xC2, 0xCA)  # by Huffman's code, by arithmetic coding
_FRAMES = (0xC0, 0xC1, 0xC9, *_PROGRESSIVE)
_END, _SCAN = 0xD9, 0xDA
_EVERY_COEFFICIENT = (1 << 64) - 1
_GREY = {127, 128}  # what a block of no data becomes; 127 where inks are stored inverted
_MORE = bytes(range(1, 255)) * 8
_ROWS = 256  # compared at a time, so that a large picture is not copied whole


def is_whole(data: bytes, image: Image.Image, enough: int | None = None) -> bool:
    """Whether the data sufficed for `image`, which was decoded from it, reduced to `enough`.

    Every scan that the frame needs must be there. Where the last corner is the grey of missing data, the picture
    is decoded again with more data at the end of each scan: that changes it only if data was missing.
    """
    markers = list(_markers(data))
    if not _has_every_scan(data, markers):
        return False
    corner = image.getpixel((image.width - 1, image.height - 1))
    if not set(corner if isinstance(corner, tuple) else (corner,)) <= _GREY:
        return True
    with Image.open(io.BytesIO(_with_more(data, markers)), formats=("JPEG",)) as again:
        if enough is not None:
            again.draft(None, (enough, enough))
        return all(_rows(image, top) == _rows(again, top) for top in range(0, image.height, _ROWS))


def _with_more(data: bytes, markers: list[tuple[int, int]]) -> bytes:
    ends = [after - 2 for (marker, _), (_, after) in pairwise(markers) if marker == _SCAN]
    pieces = [data[start:end] for start, end in pairwise([0, *ends, len(data)])]
    return _MORE.join(pieces)


def _rows(image: Image.Image, top: int) -> bytes:
    return image.crop((0, top, image.width, min(top + _ROWS, image.height))).tobytes()


def _markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Each marker of the first picture in the file, with the place after it."""
    place = 2
    while found := _MARKER.search(data, place):
        marker, place = found[1][0], found.end()
        yield marker, place
        if marker == _END:
            return
        place += int.from_bytes(data[place : place + 2], "big")


def _has_every_scan(data: bytes, markers: list[tuple[int, int]]) -> bool:
    """Whether each component got each of its 64 coefficients to the last bit."""
    frame, at = next(((marker, at) for marker, at in markers if marker in _FRAMES), (0, 0))
    got: defaultdict[int, int] = defaultdict(int)
    for marker, start in markers:
        if marker == _SCAN:
            components, (first, last, bits) = _scan(data, start)
            if frame not in _PROGRESSIVE:
                first, last, bits = 0, 63, 0
            if bits & 15 == 0:
                for component in components:
                    got[component] |= (1 << last + 1) - (1 << first)
    return all(got[component] == _EVERY_COEFFICIENT for component in data[at + 8 :: 3][: data[at + 7]])


def _scan(data: bytes, at: int) -> tuple[bytes, bytes]:
    """The components of a scan, and its first and last coefficient and position of bits."""
    names_end = at + 3 + 2 * data[at + 2]
    return data[at + 3 : names_end : 2], data[names_end : names_end + 3]
