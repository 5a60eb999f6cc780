"""What the process may use: from files as the kernel writes them."""

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from detector.machine import SMALL_BYTES, Machine, read_machine
from detector.service import service
from detector.settings import PUBLIC, SMALL, Config, Limits, Page, Serving, Settings, given_in
from tests.builders import use_own_model
from tests.conftest import ROOT

MEMINFO = "MemTotal:       16384000 kB\nMemFree:         1000 kB\n"
ALL = 16384000 * 1024
NO_LIMIT = "9223372036854771712\n"  # what version 1 says

CASES: dict[str, tuple[dict[str, str], Machine]] = {
    "nobody tells": ({}, Machine(None, 4)),
    "no groups": ({"proc/meminfo": MEMINFO}, Machine(ALL, 4)),
    "no limits": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "max\n",
            "sys/fs/cgroup/cpu.max": "max 100000\n",
        },
        Machine(ALL, 4),
    ),
    "a container": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "1073741824\n",
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
        },
        Machine(1 << 30, 2),
    ),
    "a service": (
        {
            "proc/self/cgroup": "0::/system.slice/page.service\n",
            "sys/fs/cgroup/system.slice/page.service/memory.max": "max\n",
            "sys/fs/cgroup/system.slice/memory.max": "2000000000\n",
            "sys/fs/cgroup/system.slice/page.service/cpu.max": "50000 100000\n",
        },
        Machine(2_000_000_000, 1),
    ),
    "version 1": (
        {
            "proc/self/cgroup": "4:memory:/jobs/one\n1:cpu,cpuacct:/jobs/one\n",
            "sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes": NO_LIMIT,
            "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": "700000000\n",
            "sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_period_us": "100000\n",
        },
        Machine(700_000_000, 3),
    ),
    "version 1 in a container that shows its own part": (
        {
            "proc/self/cgroup": "4:memory:/docker/0123\n1:cpu:/docker/0123\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        Machine(1 << 29, 4),
    ),
    "more cores allowed than there are": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "900000 100000\n"},
        Machine(ALL, 4),
    ),
    "words": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "much\n", "sys/fs/cgroup/cpu.max": "\n"},
        Machine(ALL, 4),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_least_that_any_file_allows_counts(case: str, tmp_path: Path) -> None:
    files, expected = CASES[case]
    for name, text in ({} if case == "nobody tells" else {"proc/meminfo": MEMINFO, **files}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert read_machine(tmp_path, 4) == expected


@pytest.mark.parametrize(
    ("memory_bytes", "small"), [(None, False), (SMALL_BYTES, False), (SMALL_BYTES - 1, True), (1 << 30, True)]
)
def test_small_is_what_has_little_memory(memory_bytes: int | None, small: bool) -> None:
    assert Machine(memory_bytes, 64).small is small


ONE_GB = Machine(1_000_000_000, 1)


def test_a_small_machine_gets_what_fits_it() -> None:
    config = Config.from_env({}, ONE_GB)
    assert (config.serving.max_engines, config.serving.max_running, config.models) == (1, 1, ("yolov3-tiny",))
    assert config.limits.max_picture_pixels < Limits().max_picture_pixels
    assert service.__wrapped__(config).pool.registry.names == ("yolov3-tiny",)
    assert Config.from_env({}, Machine(SMALL_BYTES, 1)) == Config.from_env({}) == Config()


def test_a_small_machine_gets_what_it_is_asked_to() -> None:
    env = {"DETECTOR_MODELS": "yolov3-tiny, yolov3", "DETECTOR_MAX_ENGINES": "2"}
    config = Config.from_env(env, ONE_GB)
    assert (config.serving.max_engines, config.models) == (2, ("yolov3-tiny", "yolov3"))
    assert given_in(env, ONE_GB)["max_running"].origin == "small machine"
    config = Config.from_env({"DETECTOR_MODEL": "yolov3"}, ONE_GB)
    assert service.__wrapped__(config).pool.registry.names == ("yolov3-tiny", "yolov3")


def test_a_small_machine_for_strangers_gets_the_least_of_both() -> None:
    config = Config.from_env({"DETECTOR_PUBLIC": "1"}, ONE_GB)
    assert config.limits.max_picture_pixels == int(
        min(SMALL["max_picture_pixels"], PUBLIC["max_picture_pixels"])
    )
    assert (config.page.max_pictures, config.serving.max_engines) == (10, 1)


def test_a_small_machine_that_asks_another_need_not_spare_its_models() -> None:
    config = Config.from_env({"DETECTOR_URL": "http://detector"}, ONE_GB)
    assert (config.serving, config.models) == (Serving(), ())
    assert config.limits.max_picture_pixels == int(SMALL["max_picture_pixels"])


def test_pictures_at_once_are_by_the_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "here", lambda: Machine(None, 7))
    assert service.__wrapped__(Config()).gate.most_running == 7
    assert service.__wrapped__(Config(page=Page(url="http://detector"))).gate.most_running > 7


def test_a_comparison_with_one_model_kept_loads_nothing_when_a_slider_moves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setattr(Machine, "here", lambda: ONE_GB)
    service.cache_clear()
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    page.query_params.update({"compare": "true", "model_b": "own", "side_b": "320", "conf": "0.1"})
    page.run()
    pool = service(Config.from_env(os.environ, ONE_GB)).pool
    both = [Settings("own", side=side) for side in (None, 320)]
    assert [pool.has(settings) for settings in both] == [False, True]
    loads = pool.loads
    page.slider(key="conf").set_value(0.2).run()
    assert not page.exception
    assert pool.loads == loads
    service.cache_clear()


def on_a(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    use_own_model(tmp_path, monkeypatch)
    monkeypatch.setattr(Machine, "here", lambda: machine)
    service.cache_clear()
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    service.cache_clear()
    assert not page.exception
    return page


def test_the_page_on_a_small_machine_offers_what_fits_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = on_a(ONE_GB, monkeypatch, tmp_path)
    assert page.radio(key="model").options == ["yolov3-tiny", "own"]
    assert (
        "**A small machine** shows this page: 1.0 GB of memory. It offers what fits: pictures of 16 million pixels at"
        " most, 1 picture in work at once, 1 model kept loaded, no yolov3, whose weights alone are 248 MB."
    ) in page.markdown[-1].value


def test_the_page_on_any_other_machine_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = on_a(Machine(SMALL_BYTES, 1), monkeypatch, tmp_path)
    assert page.radio(key="model").options == ["yolov3-tiny", "yolov3", "own"]
    assert "small machine" not in page.markdown[-1].value


def test_this_machine_has_something() -> None:
    here = Machine.here()
    assert here.cores >= 1
    assert here.memory_bytes is None or here.memory_bytes > 1 << 27
