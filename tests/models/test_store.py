"""The store: fetched, verified, renamed; against a server on this machine that behaves as badly as servers do."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from detector.errors import DownloadError
from detector.models.assets import Asset, Progress, Source
from detector.models.store import Store
from tests.models.serving import Handler, Server, serving

NAME = "own.weights"
SIZE = 3_000_001  # not a whole number of chunks
DATA = np.random.default_rng(7).bytes(SIZE)
HTML = b"<html>Please sign in</html>"


class Careless(Handler):
    def answer(self, kind: str) -> None:
        if kind.isdigit():
            self.send_error(int(kind))
            return
        if kind == "slow":
            time.sleep(0.5)
        body = {"html": HTML, "wrong": DATA[::-1]}.get(kind, DATA)
        self.send_response(200)
        if kind not in ("endless", "no-length"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: SIZE * 3 // 10] if kind == "cut" else body)
        for _ in range(20 if kind == "endless" else 0):  # far more than a client should wait for
            self.wfile.write(DATA)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("DETECTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Careless) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home")


def asset_from(*sources: Source, other_folders: tuple[str, ...] = ()) -> Asset:
    return Asset(NAME, SIZE, sha256(DATA).hexdigest(), sources, other_folders)


def left_in(store: Store) -> list[str]:
    """What lies in the folder, apart from the lock."""
    return sorted(path.name for path in store.folder.iterdir() if path.suffix != ".lock")


@dataclass
class Meter:
    """Remembers its calls."""

    calls: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))


def test_the_right_bytes_are_stored_and_the_second_call_needs_no_server(store: Store) -> None:
    with serving(Careless) as server:
        asset = asset_from(server.source("good"))
        assert store.find(asset) is None
        path = store.fetch(asset)
    assert path == store.folder / NAME
    assert path.read_bytes() == DATA
    assert left_in(store) == [NAME]
    assert store.fetch(asset) == store.find(asset) == path


DAMAGES = {
    "cut": DATA[:-1],
    "empty": b"",
    "one byte flipped": DATA[:1000] + bytes([DATA[1000] ^ 1]) + DATA[1001:],
    "longer": DATA + b"\0",
}


@pytest.mark.parametrize("damaged", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_not_used_and_is_replaced(damaged: bytes, server: Server, store: Store) -> None:
    asset = asset_from(server.source("good"))
    store.folder.mkdir()
    (store.folder / NAME).write_bytes(damaged)
    assert store.find(asset) is None
    assert store.fetch(asset).read_bytes() == DATA
    assert left_in(store) == [NAME]


# What the first source does -> what the message says of it.
REFUSALS = {
    "404": "the server answered 404",
    "403": "the server answered 403",
    "500": "the server answered 500",
    "html": f"it has {len(HTML)} bytes, not 3,000,001",
    "wrong": "its SHA-256 is not the expected one",
    "cut": "900000 bytes read",
    "endless": "the server sends more than 3,000,001 bytes",
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_the_second_source_is_used_where_the_first_fails(kind: str, server: Server, store: Store) -> None:
    meter = Meter()
    path = store.fetch(asset_from(server.source(kind), server.source("good")), meter)
    assert path.read_bytes() == DATA
    assert left_in(store) == [NAME]
    assert server.gets == [kind, "good"]
    assert meter.calls[-1] == (SIZE, SIZE)
    assert all(0 <= done <= total == SIZE for done, total in meter.calls)


def test_a_failure_of_all_names_each_source_its_answer_and_the_folder(server: Server, store: Store) -> None:
    asset = asset_from(*map(server.source, REFUSALS))
    with pytest.raises(DownloadError, match=f"{NAME} could not be fetched") as caught:
        store.fetch(asset)
    lines = str(caught.value).splitlines()
    for line, (kind, answer) in zip(lines[1:-1], REFUSALS.items(), strict=True):
        assert line.startswith(f"  http://127.0.0.1:{server.server_port}/{kind}: ")
        assert answer in line
    assert "(3,000,001 bytes)" in lines[-1]
    assert str(store.folder) in lines[-1]
    assert left_in(store) == []
    assert store.find(asset) is None


@pytest.mark.parametrize("kind", ["good", "no-length"], ids=["length told", "length not told"])
def test_progress_ends_at_the_total_and_never_exceeds_it(kind: str, server: Server, store: Store) -> None:
    meter = Meter()
    store.fetch(asset_from(server.source(kind)), meter)
    assert all(0 <= done <= total == SIZE for done, total in meter.calls)
    assert meter.calls[-1] == (SIZE, SIZE)


@pytest.mark.parametrize("folder", ["{tmp}/elsewhere", "~/elsewhere"], ids=["absolute", "in the home folder"])
def test_a_right_copy_in_another_folder_is_used_in_place(
    folder: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    copy = tmp_path / "elsewhere" / NAME
    copy.parent.mkdir()
    copy.write_bytes(DATA)
    assert store.fetch(asset_from(other_folders=(folder.format(tmp=tmp_path),))) == copy
    assert not store.folder.exists()


def test_a_wrong_copy_in_another_folder_is_left_alone(server: Server, store: Store, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA[::-1])
    path = store.fetch(asset_from(server.source("good"), other_folders=(str(tmp_path),)))
    assert path == store.folder / NAME
    assert (tmp_path / NAME).read_bytes() == DATA[::-1]


def test_eight_threads_cause_one_download(server: Server, store: Store) -> None:
    asset, start = asset_from(server.source("slow")), threading.Barrier(8)

    def fetch() -> Path:
        start.wait()
        return store.fetch(asset)

    with ThreadPoolExecutor(8) as threads:
        paths = [future.result() for future in [threads.submit(fetch) for _ in range(8)]]
    assert set(paths) == {store.folder / NAME}
    assert server.gets == ["slow"]


def _fetch_elsewhere(store: Store, asset: Asset) -> tuple[int, bool]:
    return os.getpid(), store.fetch(asset).read_bytes() == DATA


def test_two_processes_cause_one_download(server: Server, store: Store) -> None:
    asset = asset_from(server.source("slow"))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        futures = [processes.submit(_fetch_elsewhere, store, asset) for _ in range(2)]
        (first, first_good), (second, second_good) = (future.result() for future in futures)
    assert first != second
    assert (first_good, second_good) == (True, True)
    assert server.gets == ["slow"]


def test_leftovers_of_a_killed_process_are_cleared(server: Server, store: Store) -> None:
    incoming = store.folder / f"{NAME}.incoming"
    (incoming / "scratch").mkdir(parents=True)
    for leftover in (incoming / NAME, incoming / "scratch" / "archive.tar.gz", store.folder / f"{NAME}.lock"):
        leftover.write_bytes(DATA[:1000])
    assert store.fetch(asset_from(server.source("good"))).read_bytes() == DATA
    assert left_in(store) == [NAME]


@dataclass(frozen=True)
class Fake:
    """A source that writes a part and then fails with this error."""

    error: BaseException

    def fetch(self, asset: Asset, target: Path, progress: Progress, /) -> None:
        target.write_bytes(DATA[:1000])
        raise self.error


def test_a_full_disk_is_named_and_no_part_of_the_file_is_kept(store: Store) -> None:
    source = Fake(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(DownloadError, match=r"own.weights needs 3 MB and the disk of .*home is full"):
        store.fetch(asset_from(source, source))
    assert left_in(store) == []


def test_an_interrupted_fetch_leaves_no_part_and_the_lock_free(server: Server, store: Store) -> None:
    with pytest.raises(KeyboardInterrupt, match="enough"):
        store.fetch(asset_from(Fake(KeyboardInterrupt("enough"))))
    assert left_in(store) == []
    assert store.fetch(asset_from(server.source("good"))).read_bytes() == DATA


CANNOT_KEEP = rf"{NAME} cannot be kept in .*home \(.+\); set DETECTOR_HOME to a folder that can be written to"


def test_a_read_only_folder_is_named(server: Server, store: Store) -> None:
    store.folder.mkdir()
    store.folder.chmod(0o500)
    if os.access(store.folder, os.W_OK):
        pytest.skip("this user can write to a read-only folder")
    with pytest.raises(DownloadError, match=CANNOT_KEEP):
        store.fetch(asset_from(server.source("good")))
    assert server.gets == []


def test_a_folder_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match=CANNOT_KEEP):
        Store.open(tmp_path / "file" / "home").fetch(asset_from(server.source("good")))
    assert server.gets == []


def test_without_a_folder_the_platforms_cache_folder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def user_cache_path(name: str, appauthor: bool) -> Path:
        return tmp_path / name

    monkeypatch.setattr("platformdirs.user_cache_path", user_cache_path)
    with pytest.raises(DownloadError, match=r"put the file .* into .*object-detector"):
        Store.open(None).fetch(asset_from())
    assert (tmp_path / "object-detector").is_dir()
