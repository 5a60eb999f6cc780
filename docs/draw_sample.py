"""Draw the sample picture that comes with the package: `python docs/draw_sample.py`.

A clock, a stop sign and three oranges, drawn by code, so that it may be passed on freely.
"""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT, HORIZON = 1200, 800, 560
TARGET = Path(__file__).parent.parent / "detector" / "models" / "clock-sign-oranges.jpg"


def main() -> None:
    """Wall and table, then what stands before them."""
    image = background()
    clock(image, 320, 230, 190)
    stop_sign(image, 960, 230, 190)
    for x, y, radius in ((200, 600, 110), (430, 620, 115), (660, 610, 108)):
        orange(image, x, y, radius)
    image.save(TARGET, quality=85)


def background() -> Image.Image:
    """A lit wall over a brown table, with a little grain."""
    rng = np.random.default_rng(0)
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    pixels = np.array([226, 214, 196]) * (1 - 0.25 * down) + rng.normal(0, 3, (HEIGHT, WIDTH, 1))
    depth = np.linspace(0, 1, HEIGHT - HORIZON)[:, None, None]
    table = np.array([120, 78, 48]) * (1 - 0.3 * depth)
    pixels[HORIZON:] = table + rng.normal(0, 4, (HEIGHT - HORIZON, WIDTH, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def orange(image: Image.Image, x: int, y: int, radius: int) -> None:
    """A ball lit from the upper left, and its shadow."""
    rows, columns = np.mgrid[0 : 2 * radius, 0 : 2 * radius]
    right, down = columns / radius - 1, rows / radius - 1
    towards = np.sqrt(np.clip(1 - right**2 - down**2, 0, 1))
    light = np.clip(0.35 + 0.75 * (0.66 * towards - 0.45 * right - 0.6 * down), 0.25, 1.1)
    grain = np.random.default_rng(x).normal(0, 0.035, light.shape)
    colour = np.array([240, 128, 16]) * (light + grain)[..., None] + 500 * (light - 0.98).clip(0)[..., None]
    disc = Image.fromarray(((right**2 + down**2 <= 1) * 255).astype(np.uint8))
    shadow = Image.new("L", (4 * radius, radius))
    ImageDraw.Draw(shadow).ellipse((radius * 0.6, radius * 0.25, radius * 3.6, radius * 0.8), fill=150)
    image.paste(
        (40, 25, 15), (x - 2 * radius, y + radius // 2), shadow.filter(ImageFilter.GaussianBlur(radius // 8))
    )
    ball = Image.fromarray(colour.clip(0, 255).astype(np.uint8))
    image.paste(ball, (x - radius, y - radius), disc.filter(ImageFilter.GaussianBlur(1.2)))


def clock(image: Image.Image, x: int, y: int, radius: int) -> None:
    """Twelve numbers, sixty strokes, two hands."""
    canvas, font = ImageDraw.Draw(image), ImageFont.load_default(radius // 5)

    def at(degrees: float, share: float) -> tuple[float, float]:
        turn = math.radians(degrees - 90)
        return x + math.cos(turn) * radius * share, y + math.sin(turn) * radius * share

    canvas.circle((x, y), radius, fill=(40, 40, 44))
    canvas.circle((x, y), radius * 0.9, fill=(247, 245, 238))
    for hour in range(1, 13):
        canvas.text(at(30 * hour, 0.72), str(hour), fill=(20, 20, 20), font=font, anchor="mm")
    for minute in range(60):
        start = at(6 * minute, 0.85 if minute % 5 else 0.8)
        canvas.line((start, at(6 * minute, 0.88)), fill=(20, 20, 20), width=3)
    for degrees, share, width in ((30, 0.45, 10), (150, 0.62, 7)):
        canvas.line(((x, y), at(degrees, share)), fill=(15, 15, 15), width=width)
    canvas.circle((x, y), radius * 0.05, fill=(160, 30, 30))


def stop_sign(image: Image.Image, x: int, y: int, radius: int) -> None:
    """A red octagon on a pole."""
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((x - 13, y, x + 13, HEIGHT), fill=(120, 122, 125))
    canvas.regular_polygon((x, y, radius), 8, fill=(245, 245, 245))
    canvas.regular_polygon((x, y, radius * 0.94), 8, fill=(190, 20, 30))
    font = ImageFont.load_default(int(radius * 0.62))
    canvas.text((x, y), "STOP", fill="white", font=font, anchor="mm", stroke_width=2)


if __name__ == "__main__":
    main()
