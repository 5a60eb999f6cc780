"""What every part of the benchmark works with."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

import detector
from detector.calibration import calibrate
from detector.engines.catalog import ENGINES, open_engine
from detector.errors import DetectorError
from detector.models.registry import YOLOV3, YOLOV3_TINY, ModelFiles
from detector.models.samples import SAMPLES
from detector.models.store import Store
from detector.settings import Settings
from tests.builders import full_yolov3_files

SMALL_WH, LARGE_WH = (640, 425), (4000, 3000)
SAMPLE = "sample.jpg"


@dataclass(frozen=True)
class Workload:
    """The real yolov3-tiny; the full structure with weights made from a seed; a folder to work in.

    opencv5: a Python that has OpenCV 5, or "".
    """

    store: Store
    tiny: ModelFiles
    full: ModelFiles
    folder: Path
    opencv5: str

    @classmethod
    def made_in(cls, folder: Path, home: str | None, opencv5: str) -> "Workload":
        """With weights from the store in `home`, fetched if need be."""
        store = Store.open(Path(home) if home else None)
        tiny = YOLOV3_TINY.files(store, lambda done, total: None)
        (folder / SAMPLE).write_bytes(jpegs(SMALL_WH)[0])
        return cls(
            store, tiny, _with_ranges(full_yolov3_files(folder, YOLOV3), folder / SAMPLE), folder, opencv5
        )

    @property
    def picture(self) -> "detector.Picture":
        """The drawn sample, small."""
        return detector.read_picture((self.folder / SAMPLE).read_bytes())


def _with_ranges(files: ModelFiles, picture: Path) -> ModelFiles:
    """For int8 to run; with random weights there is no accuracy to keep."""
    ranges = picture.with_suffix(".ranges.json")
    ranges.write_text(calibrate(files, [picture]).text())
    return replace(files, ranges=ranges)


def ways_here(files: ModelFiles) -> Iterator[tuple[str, Settings, "detector.Engine"]]:
    """Each engine in each precision in which it can run this model here, named so."""
    for entry in ENGINES:
        for precision in entry.precisions:
            settings = replace(Settings(), engine=entry.name, precision=precision)
            try:
                engine = open_engine(files, settings)
            except DetectorError:
                continue
            yield entry.name if precision == "float32" else f"{entry.name} {precision}", settings, engine


def jpegs(size_wh: tuple[int, int]) -> list[bytes]:
    """Four JPEGs of that size: the drawn sample, turned and mirrored, so that each has its own answer."""
    sample = Image.open(SAMPLES[0].other_folders[0] + "/" + SAMPLES[0].name).resize(size_wh)
    files = []
    for turn in (None, *(Image.Transpose(way) for way in (0, 1, 3))):
        buffer = io.BytesIO()
        (sample if turn is None else sample.transpose(turn)).save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    return files
