"""A server with 1 to 256 clients: what it answers is right, what it cannot answer it says at once, nothing piles up."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from detector.models.registry import ModelFiles
from tests.api.conftest import form, picture_bytes
from tests.builders import use_own_model
from tests.served import Served, served

pytestmark = [pytest.mark.robust, pytest.mark.filterwarnings("default")]
CLIENTS = 1, 4, 16, 64, 256


@dataclass
class Tally:
    """What a crowd got; seconds of each kind of answer, and until the last good one."""

    seconds: float = 0.0
    good: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.good) / self.seconds


async def crowd(url: str, clients: int, seconds: float, expected: list[Any]) -> Tally:
    """So many clients that ask again as soon as they are answered, and wait as long as they are told to."""
    tally, start = Tally(), time.monotonic()

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        while time.monotonic() - start < seconds:
            number = (number + 1) % len(PICTURES)
            sent = time.monotonic()
            writer.write(REQUESTS[number])
            status, pause_s, body = await answer(reader)
            took = time.monotonic() - sent
            if status == 200 and json.loads(body)["detections"] == expected[number]:
                tally.good.append(took)
                tally.seconds = time.monotonic() - start
            elif status == 503 and pause_s:
                tally.refused.append(took)
                await asyncio.sleep(pause_s * random.uniform(1, 1.5))  # as our client
            else:
                tally.wrong.append(body.decode())
        writer.close()

    await asyncio.gather(*(one(number) for number in range(clients)))
    return tally


async def answer(reader: asyncio.StreamReader) -> tuple[int, float, bytes]:
    """Status, Retry-After and body: a client library would take more of the processor than the server does."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
    body = await reader.readexactly(int(fields["content-length"]))
    return int(head.split()[1]), float(fields.get("retry-after", 0)), body


def sent(data: bytes) -> bytes:
    """A whole request."""
    request = httpx.Request("POST", "http://127.0.0.1/predict?format=json", files=form(data))
    request.read()
    fields = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST /predict?format=json HTTP/1.1\r\n{fields}\r\n".encode() + request.content


PICTURES = [picture_bytes(seed) for seed in range(10)]
REQUESTS = [sent(data) for data in PICTURES]


def tallies(server: Served, seconds: float) -> dict[int, tuple[Tally, float]]:
    """For each size of the crowd what it got, and the server's memory after it in MB."""
    serial = [
        httpx.post(f"{server.url}/predict?format=json", files=form(data), timeout=60).json()["detections"]
        for data in PICTURES
    ]
    assert len({str(one) for one in serial}) == len(PICTURES)
    got = {}
    for clients in CLIENTS:
        tally = asyncio.run(crowd(server.url, clients, seconds, serial))
        got[clients] = tally, server.rss_mb()
        print(  # noqa: T201 # what the documentation states
            f"{clients} clients: {tally.rate:.0f} answers/s, slowest {max(tally.good):.2f} s,"
            f" {len(tally.refused)} refused in {sorted(tally.refused)[len(tally.refused) // 2 :][:1]} s,"
            f" {got[clients][1]:.0f} MB"
        )
    return got


def check(got: dict[int, tuple[Tally, float]], least_share: float) -> None:
    for clients, (tally, _) in got.items():
        assert not tally.wrong, (clients, tally.wrong[:3])
        assert tally.good
    assert not got[16][0].refused  # they fit the queue
    assert got[256][0].refused
    assert got[256][0].rate > least_share * got[4][0].rate
    assert got[256][1] < 1.25 * got[16][1]


def test_a_growing_crowd_gets_right_answers_or_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_own_model(tmp_path, monkeypatch)
    with served(tmp_path / "log", {"DETECTOR_CONFIDENCE": "0.1"}, "--api-only") as server:
        # What a client costs is much beside so small a network.
        check(tallies(server, 2), least_share=0.3)


@pytest.mark.slow
def test_a_growing_crowd_takes_no_throughput_from_the_real_model(
    tmp_path: Path, tiny_files: ModelFiles
) -> None:
    environment = {"DETECTOR_CONFIDENCE": "0.01", "DETECTOR_HOME": str(tiny_files.weights.parent)}
    with served(tmp_path / "log", environment, "--api-only") as server:
        check(tallies(server, 30), least_share=0.8)
