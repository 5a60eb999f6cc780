"""Picture + Detections -> a new Picture with boxes and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from detector.pictures.palette import Colour, class_colour, text_colour
from detector.values import Detections, Picture

Rectangle = tuple[int, int, int, int]  # x1 y1 x2 y2 in pixels
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_DIMMED = 3  # a third of the light


@dataclass(frozen=True)
class Label:
    """One name plate: what it says and where it lies."""

    text: str
    font: Font
    place: Rectangle


@dataclass(frozen=True)
class Look:
    """What is drawn for each detection."""

    boxes: bool = True
    numbers: bool = False
    labels: bool = True
    scores: bool = True

    def text(self, number: int, label: str, score: float) -> str:
        """What the plate says; nothing where it is empty."""
        parts = [str(number)] * self.numbers + [label] * self.labels + [f"{score:.2f}"] * self.scores
        return " ".join(parts)


def draw(
    picture: Picture, detections: Detections, look: Look | None = None, numbers: Sequence[int] | None = None
) -> Picture:
    """A new picture with a box and a name plate ("dog 0.93") for each detection.

    The picture may be a smaller copy of the one detected in. Lines and text scale with it; plates stay inside it
    and apart where there is room. numbers: what each is called where the look has numbers; 1 to N otherwise.
    """
    look, found = look or Look(), detections.resized(picture.size_wh).clipped()
    named = zip(numbers or range(1, len(found) + 1), found.labels, found.scores.tolist(), strict=True)
    texts = [look.text(*one) for one in named]
    colours = [class_colour(class_id) for class_id in found.class_ids.tolist()]
    return draw_boxes(picture, found.boxes.tolist(), texts, colours, outline=look.boxes)


def draw_lit(picture: Picture, detections: Detections, index: int, look: Look) -> Picture:
    """As `draw`, with everything dimmed but the one detection and what its box holds."""
    pixels = draw(picture, detections, look).pixels // _DIMMED
    chosen = detections.at([index])
    x1, y1, x2, y2 = _rounded(chosen.resized(picture.size_wh).clipped().boxes[0].tolist())
    inside = slice(y1, y2 + 1), slice(x1, x2 + 1)
    pixels[inside] = picture.pixels[inside]
    return draw(Picture(pixels), chosen, look, [index + 1])


def beside(left: Picture, right: Picture) -> Picture:
    """Two pictures of one height in one, with a white gap between them."""
    height = left.size_wh[1]
    gap = np.full((height, max(2, height // 50), 3), 255, dtype=np.uint8)
    return Picture(np.hstack([left.pixels, gap, right.pixels]))


def draw_boxes(
    picture: Picture,
    boxes: Sequence[Sequence[float]],
    texts: Sequence[str],
    colours: Sequence[Colour],
    outline: bool = True,
) -> Picture:
    """A new picture with x1 y1 x2 y2 boxes in pixels and their texts; the first lies on top."""
    image = Image.fromarray(picture.pixels)
    canvas = ImageDraw.Draw(image)
    rectangles = [_rounded(box) for box in boxes]
    if outline:
        for rectangle, colour in reversed(list(zip(rectangles, colours, strict=True))):
            _draw_box(canvas, rectangle, colour, _line_width(picture.size_wh))
    labels = place_labels(texts, rectangles, picture.size_wh)
    for label, colour in reversed(list(zip(labels, colours, strict=True))):
        if label.text:
            _draw_label(canvas, label, colour)
    return Picture(np.asarray(image))


def place_labels(texts: Sequence[str], boxes: Sequence[Rectangle], size_wh: tuple[int, int]) -> list[Label]:
    """A plate for each box, inside the picture, off the plates before it where one of four places allows."""
    labels: list[Label] = []
    for text, box in zip(texts, boxes, strict=True):
        font, plate_wh = _fitting_font(text, size_wh)
        places = [_inside(place, plate_wh, size_wh) for place in _corners(box, plate_wh)]
        free = (p for p in places if not any(_overlap(p, label.place) for label in labels))
        labels.append(Label(text, font, next(free, places[0])))
    return labels


def _corners(box: Rectangle, plate_wh: tuple[int, int]) -> list[tuple[int, int]]:
    """Top left corners to try: over the box, inside at its top, under it, inside at its bottom."""
    x1, y1, _, y2 = box
    height = plate_wh[1]
    over, under = (x1, y1 - height), (x1, y2)
    return (
        [over, (x1, y1), under, (x1, y2 - height)] if y1 >= height else [(x1, y1), under, (x1, y2 - height)]
    )


def _inside(corner: tuple[int, int], plate_wh: tuple[int, int], size_wh: tuple[int, int]) -> Rectangle:
    x, y = (max(0, min(c, size - p)) for c, p, size in zip(corner, plate_wh, size_wh, strict=True))
    return x, y, x + plate_wh[0], y + plate_wh[1]


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _fitting_font(text: str, size_wh: tuple[int, int]) -> tuple[Font, tuple[int, int]]:
    """The largest font, up to a share of the picture, whose plate is no larger than the picture; and the plate."""
    size = _text_size(size_wh)
    while True:
        font = _font(size)
        left, _, right, _ = font.getbbox(text)
        padding = max(1, size // 4)
        plate_wh = int(right - left) + 2 * padding, round(size * 1.3) + 2 * (padding // 2)
        if (plate_wh[0] <= size_wh[0] and plate_wh[1] <= size_wh[1]) or size <= 4:
            return font, (min(plate_wh[0], size_wh[0]), min(plate_wh[1], size_wh[1]))
        size = max(4, size * 3 // 4)


@lru_cache(maxsize=32)  # reading the font takes longer than drawing with it
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def _draw_box(canvas: ImageDraw.ImageDraw, box: Rectangle, colour: Colour, width: int) -> None:
    halo = max(1, width // 3)  # keeps the line in sight on a ground of its own colour
    canvas.rectangle(box, outline=text_colour(colour), width=width + halo)
    canvas.rectangle(box, outline=colour, width=width)


def _draw_label(canvas: ImageDraw.ImageDraw, label: Label, colour: Colour) -> None:
    x1, y1, x2, y2 = label.place
    canvas.rectangle((x1, y1, x2 - 1, y2 - 1), fill=colour)
    middle = (x1 + x2) / 2, (y1 + y2) / 2
    canvas.text(middle, label.text, fill=text_colour(colour), font=label.font, anchor="mm")


def _rounded(box: Sequence[float]) -> Rectangle:
    x1, y1, x2, y2 = (round(value) for value in box)
    return x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)  # the last pixel that the box covers


def _line_width(size_wh: tuple[int, int]) -> int:
    return max(2, round(min(size_wh) / 140))


def _text_size(size_wh: tuple[int, int]) -> int:
    return max(13, round(min(size_wh) / 23))
