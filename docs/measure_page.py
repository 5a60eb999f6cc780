"""Measure what memory the page takes, as a visitor uses it: `python -m docs.measure_page`.

The server is the README's own command; a browser of the same machine visits it. Linux only.
"""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.steps import CHROMIUM, FLAGS, PATIENCE_MS, all_done, at_rest, shown
from tests.served import page_served

SMALL, LARGE = (640, 480), (4000, 3000)
MANY = 20


def main() -> None:
    """Print a line for each step: resident now, and the most since the step before."""
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with page_served(log, {}) as server, sync_playwright() as running:
            process = server.process.pid
            tell(process, "started, nobody has come")
            browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(PATIENCE_MS)
            page.goto(server.url)
            shown(page)
            tell(process, "the sample is shown")
            for text, files in uploads(Path(folder)):
                page.reload()  # another visit; the one before is kept for a while, as for somebody whose line broke
                shown(page)
                bring(page, files)
                tell(process, text)
            browser.close()


def uploads(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each step: what it is called, and its files."""
    large = f"{LARGE[0] * LARGE[1] / 1e6:.0f} megapixels"
    yield "one picture of 0.3 megapixels", [drawn(folder, SMALL, 0, "jpg")]
    yield f"one JPEG of {large}", [drawn(folder, LARGE, 1, "jpg")]
    yield f"one PNG of {large}", [drawn(folder, LARGE, 2, "png")]
    yield f"{MANY} pictures of 0.3 megapixels", [drawn(folder, SMALL, seed, "jpg") for seed in range(MANY)]
    yield f"{MANY} JPEGs of {large}", [drawn(folder, LARGE, seed, "jpg") for seed in range(MANY)]
    yield "one picture of 0.3 megapixels again", [drawn(folder, SMALL, 0, "jpg")]


def drawn(folder: Path, size: tuple[int, int], seed: int, suffix: str) -> Path:
    """Soft blobs with some noise, as large a file as a camera makes."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
    noisy = (pixels + rng.integers(-6, 7, pixels.shape, dtype=np.int16)).clip(0, 255).astype(np.uint8)
    path, file = folder / f"{size[0]}-{seed}.{suffix}", io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG" if suffix == "jpg" else "PNG", quality=90, compress_level=1)
    path.write_bytes(file.getvalue())
    return path


def bring(page: Page, files: list[Path]) -> None:
    """Upload, and wait until everything has been looked at."""
    page.locator("input[type=file]").set_input_files(files)
    if len(files) > 1:
        all_done(page, len(files))
    else:
        page.get_by_role("img", name=f"{files[0].name}:").wait_for()
    at_rest(page)


def tell(process: int, text: str) -> None:
    """One line; then the kernel's record of the most is begun anew."""
    status = Path(f"/proc/{process}/status").read_text()
    now, most = (int(status.split(f"{key}:")[1].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
    click.echo(f"{now:5.0f} MiB, at most {most:5.0f}  {text}")
    Path(f"/proc/{process}/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
