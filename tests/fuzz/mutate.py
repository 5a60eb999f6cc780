"""Changes at random, for where atheris is not: cruder, since it does not see which code an input reaches."""

import random
import re
import struct
from collections.abc import Callable, Iterator, Sequence

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_LINES = (
    b"\n",
    b"=",
    b"-1",
    b"0",
    b"1e9",
    b"nan",
    b"inf",
    b"99999",
    b",",
    b"[",
    b"]",
    b"#",
    b"\xff",
    b"\xc2\xb2",
)


def inputs(seeds: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """The seeds, then without end changes of them."""
    yield from seeds
    rng = random.Random(seed)
    while True:
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            rng.choice(_WAYS)(data, rng, seeds)
        yield bytes(data)


def _flip(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    if data:
        data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _number(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    value, kind = rng.choice(_NUMBERS), rng.choice((">I", "<I", ">H", "<H", "B"))
    size = struct.calcsize(kind)
    if len(data) >= size:
        at = rng.randrange(min(len(data), rng.choice((64, 1024, 1 << 20))) - size + 1)
        data[at : at + size] = struct.pack(kind, value & ((1 << 8 * size) - 1))


def _cut(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _drop(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.randrange(1, 40)]


def _repeat(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = data[at : at + rng.randrange(1, 200)]


def _splice(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    at, start = rng.randrange(len(data) + 1), rng.randrange(len(other) + 1)
    data[at:] = other[start : start + 4000]


def _text(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at : at + rng.randrange(4)] = rng.choice(_LINES)


def _digits(data: bytearray, rng: random.Random, seeds: Sequence[bytes]) -> None:
    """Another number in a text."""
    found = list(re.finditer(rb"-?\d+", data))
    if found:
        chosen = rng.choice(found)
        data[chosen.start() : chosen.end()] = rng.choice((b"%d" % rng.randrange(-20, 40), *_LINES))


def _place(data: bytearray, rng: random.Random) -> int:
    """Headers are where damage tells most."""
    return rng.randrange(min(len(data), rng.choice((64, 1024, 1 << 20))))


_WAYS: tuple[Callable[[bytearray, random.Random, Sequence[bytes]], None], ...] = (
    _flip,
    _flip,
    _number,
    _number,
    _cut,
    _drop,
    _repeat,
    _splice,
    _text,
    _digits,
    _digits,
)
