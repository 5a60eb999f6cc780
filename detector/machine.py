"""What this process may use of its machine: memory and cores, as the kernel and its control groups say."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SMALL_BYTES = 1_500_000_000


@dataclass(frozen=True)
class Machine:
    """memory_bytes: None where nobody tells."""

    memory_bytes: int | None
    cores: int

    @property
    def small(self) -> bool:
        """Whether it has too little memory for large models, many of them, or large pictures."""
        return self.memory_bytes is not None and self.memory_bytes < SMALL_BYTES

    @classmethod
    @cache
    def here(cls) -> "Machine":
        """This one."""
        try:
            cores = len(os.sched_getaffinity(0))
        except AttributeError:  # Linux alone has it
            cores = os.cpu_count() or 1
        return read_machine(Path("/"), cores)


def read_machine(root: Path, cores: int) -> Machine:
    """What the files under `root` say, and no more cores than given."""
    groups = list(_groups(root))
    memory = [_memory_bytes(root), *map(_limit_bytes, groups)]
    shares = [share for group in groups if (share := _share(group)) is not None]
    return Machine(
        min((size for size in memory if size is not None), default=None),
        max(1, min([cores, *(math.ceil(share) for share in shares)])),
    )


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's control groups, each with those around it; in a container the outermost only."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        top = root / "sys/fs/cgroup" / controllers
        folder = top / place.lstrip("/")
        yield from (folder, *(around for around in folder.parents if around.is_relative_to(top)))


def _memory_bytes(root: Path) -> int | None:
    """All that is built in."""
    lines = _text(root / "proc/meminfo").splitlines()
    sizes = (line.split() for line in lines if line.startswith("MemTotal:"))
    return next((int(size[1]) * 1024 for size in sizes), None)


def _limit_bytes(group: Path) -> int | None:
    """Of version 2 or 1 of control groups, where "max" or a number beyond all memory is no limit."""
    return _number(_text(group / "memory.max")) or _number(_text(group / "memory.limit_in_bytes"))


def _share(group: Path) -> float | None:
    """How many cores' time it may use, None where that is not limited."""
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if not quota:
        quota, period = (_text(group / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    micros, of = _number(quota), _number(period)
    return micros / of if micros and of else None


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
