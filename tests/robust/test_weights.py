"""Weights that are not what they should be, servers that lie, processes that are killed, disks that are full.

Single lies and damages stand in tests/models; here are those that need other processes, devices or patience.
"""

import os
import re
import resource
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from detector.darknet.network import read_network
from detector.darknet.weights import read_weights
from detector.errors import DownloadError, ModelError
from detector.models.registry import FolderModel
from detector.models.store import Store
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, weights_bytes
from tests.models.serving import Server, serving
from tests.robust.fetching import DATA, NAME, PROCESSES, SIZE, Liar, asset, fetch

pytestmark = [
    pytest.mark.robust,
    pytest.mark.skipif(sys.platform != "linux", reason="kills, mounts and limits are Linux's"),
]
ROOT = Path(__file__).parent.parent.parent
NETWORK = read_network(EVERY_LAYER_CFG)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "home").mkdir()
    return Store.open(tmp_path / "home")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("detector.models.sources._NET_TIMEOUT_S", 0.4)
    with serving(Liar) as server:
        yield server


@pytest.fixture(autouse=True)
def no_main_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each process would first import what __main__ is, which Streamlit's tests leave to be the page."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))


def left_in(store: Store) -> list[str]:
    """What lies in the folder, apart from the lock."""
    return sorted(path.name for path in store.folder.iterdir() if path.suffix != ".lock")


# What a server does -> what is said of it.
LIES = {
    **{f"closes-{percent}": "bytes read|broke off|Connection broken" for percent in range(0, 100, 10)},
    **{f"resets-{percent}": "bytes read|broke off|Connection broken" for percent in (0, 50)},
    "stalls-0": "timed out|broke off",
    "stalls-50": "timed out|broke off",
    "silent": "timed out",
    "shorter": "it has 1,000 bytes, not 1,200,003",
    "huge": "bytes read|broke off|Connection broken",
    "length-0": "invalid literal",
    "length-2": "4300|invalid literal|bytes read",
    "round": "redirects",
    "file": "No connection adapters were found",
    "elsewhere": "URL",
    "status-403": "the server answered 403",
    "status-404": "the server answered 404",
    "status-500": "the server answered 500",
    "page": "it has 40 bytes, not 1,200,003",
    "wrong": "its SHA-256 is not the expected one",
    "bomb": r"the server sends more than 1,200,003 bytes",
    "packed": "gzip",
    "chunks": "broke off|chunk|InvalidChunkLength",
    "noise": "broke off",
    "headers": "broke off",
}


def test_no_lie_of_a_server_leaves_anything_and_the_next_source_is_used(server: Server, store: Store) -> None:
    for lie, words in LIES.items():
        started = time.monotonic()
        with pytest.raises(DownloadError) as caught:
            store.fetch(asset(server.source(lie)))
        line = str(caught.value).splitlines()[1]
        assert re.search(words, line.partition(f"/{lie}: ")[2]), (lie, line)
        assert time.monotonic() - started < 15, lie
        assert left_in(store) == [], lie
    assert store.fetch(asset(*map(server.source, LIES), server.source("good"))).read_bytes() == DATA
    assert left_in(store) == [NAME]


def put(kind: str, path: Path, elsewhere: Path) -> None:
    """Something that is not the file, under its name."""
    if kind == "a directory":
        path.mkdir()
    elif kind == "a link to nothing":
        path.symlink_to(elsewhere / "nothing")
    elif kind == "a link to itself":
        path.symlink_to(path)
    elif kind == "a link to another file":
        (elsewhere / "precious").write_bytes(DATA[::-1])
        path.symlink_to(elsewhere / "precious")
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a terabyte":
        with path.open("wb") as file:
            file.truncate(1 << 40)


@pytest.mark.parametrize(
    "kind",
    ["a link to nothing", "a link to itself", "a link to another file", "a pipe", "a terabyte"],
)
def test_what_is_not_the_file_is_replaced_by_it_and_what_it_links_to_is_left_alone(
    kind: str, server: Server, store: Store, tmp_path: Path
) -> None:
    put(kind, store.folder / NAME, tmp_path)
    wanted = asset(server.source("good"))
    assert store.find(wanted) is None
    path = store.fetch(wanted)
    assert stat.S_ISREG(path.lstat().st_mode)
    assert path.read_bytes() == DATA
    if kind == "a link to another file":
        assert (tmp_path / "precious").read_bytes() == DATA[::-1]


def test_a_directory_in_its_place_is_named(server: Server, store: Store, tmp_path: Path) -> None:
    put("a directory", store.folder / NAME, tmp_path)
    with pytest.raises(DownloadError, match=r"own.weights cannot be kept in .*directory"):
        store.fetch(asset(server.source("good")))
    assert left_in(store) == [NAME]


def test_a_link_to_the_right_file_is_used(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(DATA)
    (store.folder / NAME).symlink_to(tmp_path / "mine")
    assert store.fetch(asset()) == store.folder / NAME


NOBODY = 65534
AS_NOBODY = """
import os, sys
from pathlib import Path
from detector.errors import DetectorError
from detector.darknet.network import read_network
from detector.darknet.weights import read_weights
from detector.models.store import Store
from tests.builders import EVERY_LAYER_CFG
from tests.robust.fetching import asset
import filelock
os.setuid({nobody})
for attempt in (
    lambda: Store.open(Path(sys.argv[1])).fetch(asset()),
    lambda: read_weights(Path(sys.argv[1]) / "own.weights", read_network(EVERY_LAYER_CFG)),
):
    try:
        attempt()
    except DetectorError as error:
        print(str(error).splitlines()[0])
"""


def test_without_permission_the_error_says_so() -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become somebody who may not; tests/models has the rest")
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        Path(name).chmod(0o755)
        (Path(name) / NAME).write_bytes(DATA)
        (Path(name) / NAME).chmod(0o600)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY.format(nobody=NOBODY), name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    kept, read = done.stdout.splitlines()
    assert re.search(r"own\.weights cannot be kept in .* \(Permission denied\)", kept)
    assert re.search(r"own\.weights cannot be read: Permission denied", read)


@pytest.mark.parametrize("kind", ["a directory", "a link to nothing", "a link to itself", "a terabyte"])
def test_ones_own_weights_that_are_no_file_are_named(kind: str, tmp_path: Path) -> None:
    put(kind, tmp_path / NAME, tmp_path)
    with pytest.raises(ModelError, match=r"cannot be read|version|the two do not belong together|header"):
        read_weights(tmp_path / NAME, NETWORK)


def test_swapped_files_of_two_models_are_refused(tmp_path: Path) -> None:
    one = model_files(tmp_path / "one", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    smaller = EVERY_LAYER_CFG.replace("filters=16", "filters=12")
    other = model_files(tmp_path / "other", smaller, EVERY_LAYER_NAMES)
    one.weights.write_bytes(other.weights.read_bytes())
    with pytest.raises(ModelError, match="the two do not belong together"):
        read_weights(one.weights, NETWORK)


def test_a_flipped_bit_gives_finite_numbers_or_a_named_error(tmp_path: Path) -> None:
    """One's own weights have no known SHA-256, so this is all that can be promised."""
    good, path, refused = weights_bytes(NETWORK), tmp_path / NAME, 0
    rng = np.random.default_rng(1)
    for _ in range(300):
        damaged = bytearray(good)
        damaged[rng.integers(len(good))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            kernels = read_weights(path, NETWORK)
        except ModelError:
            refused += 1
        else:
            assert all(np.isfinite(kernel.weights).all() for kernel in kernels)
    assert refused < 300


def test_a_cfg_that_claims_a_huge_network_costs_nothing(tmp_path: Path) -> None:
    """Sizes are compared before memory is taken."""
    claims = EVERY_LAYER_CFG.replace("filters=16", "filters=90000").replace(
        "size=3\nstride=2\npadding=1", "size=99"
    )
    files = model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match=r"too large|do not belong together|leaves nothing"):
        read_weights(
            FolderModel(tmp_path / "own").files(Store(tmp_path), lambda *_: None).weights,
            read_network(claims),
        )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert files.weights.exists()


def kill_at_random(server: Server, store: Store, times: int) -> int:
    """Start a fetch and kill it, so often; the next one must succeed. How often the kill came before the end."""
    rng, killed = np.random.default_rng(times), 0
    for _ in range(times):
        barrier = PROCESSES.Barrier(2)
        process = PROCESSES.Process(target=fetch, args=(store, asset(server.source("slow-200")), barrier))
        process.start()
        barrier.wait(60)
        time.sleep(rng.uniform(0, 0.4))
        process.kill()
        process.join(20)
        killed += process.exitcode != 0
        kept = store.folder / NAME
        assert not kept.exists() or kept.read_bytes() == DATA  # whole or not at all
        assert store.fetch(asset(server.source("good"))).read_bytes() == DATA
        assert left_in(store) == [NAME]
        kept.unlink()
    return killed


def test_a_fetch_that_is_killed_at_any_moment_does_not_hinder_the_next(server: Server, store: Store) -> None:
    assert kill_at_random(server, store, 20) >= 5


@pytest.mark.slow
def test_a_hundred_fetches_that_are_killed_do_not_hinder_the_next(server: Server, store: Store) -> None:
    assert kill_at_random(server, store, 100) >= 25


@pytest.mark.slow
def test_a_start_that_is_killed_at_any_moment_does_not_hinder_the_next(tmp_path: Path) -> None:
    """Reading weights, compiling, writing a picture: nothing of it is left half done."""
    model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    (tmp_path / "in.png").write_bytes(file_bytes(Image.new("RGB", (300, 200)), "PNG"))
    command = [sys.executable, "-m", "detector", "detect", "in.png", "--model", "./own", "--out", "out"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DETECTOR_HOME": str(tmp_path / "home")}
    started = time.monotonic()
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    usual_s, rng = time.monotonic() - started, np.random.default_rng(5)
    whole = (tmp_path / "out" / "in.png").read_bytes()
    for _ in range(20):
        (tmp_path / "out" / "in.png").unlink(missing_ok=True)
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(rng.uniform(0.1, usual_s))
            process.kill()
        copy = tmp_path / "out" / "in.png"
        assert not copy.exists() or copy.read_bytes() == whole
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "out" / "in.png").read_bytes() == whole


def test_twenty_processes_that_ask_at_once_cause_one_download(server: Server, store: Store) -> None:
    barrier = PROCESSES.Barrier(20)
    arguments = (store, asset(server.source("slow-500")), barrier)
    processes = [PROCESSES.Process(target=fetch, args=arguments) for _ in range(20)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 20
    assert server.gets == ["slow-500"]
    assert left_in(store) == [NAME]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for an old file and half of the new one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = str(SIZE * 3 // 2)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes=100", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_the_old_file_stays(server: Server, small_disk: Path) -> None:
    store = Store.open(small_disk)
    old = DATA[: SIZE - 1]
    (small_disk / NAME).write_bytes(old)
    with pytest.raises(DownloadError, match=r"own.weights needs 1 MB and the disk of .*disk is full"):
        store.fetch(asset(server.source("good")))
    assert left_in(store) == [NAME]
    assert (small_disk / NAME).read_bytes() == old
    (small_disk / NAME).unlink()
    assert store.fetch(asset(server.source("good"))).read_bytes() == DATA


def test_a_file_that_may_not_grow_so_long_is_named_and_the_old_file_stays(
    server: Server, store: Store
) -> None:
    old = DATA[: SIZE - 1]
    (store.folder / NAME).write_bytes(old)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, limits[1]))
    try:
        with pytest.raises(DownloadError, match=r"own.weights cannot be kept in .*home \(File too large\)"):
            store.fetch(asset(server.source("good")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert left_in(store) == [NAME]
    assert (store.folder / NAME).read_bytes() == old
