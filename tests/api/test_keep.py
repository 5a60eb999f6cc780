"""Uploads are kept only where a folder is named, under our own names, up to a size."""

import hashlib
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from detector.api.app import build_api
from detector.api.keep import Keeper
from detector.service import service
from detector.settings import Config, Http
from tests.api.conftest import form, picture_bytes
from tests.api.servers import running


def test_pictures_are_kept_once_under_our_names(config: Config, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    keeping = replace(config, http=Http(keep_folder=folder))
    with running(build_api(service(keeping))) as url:
        for name in ("../../evil.png", "other.png"):
            assert httpx.post(f"{url}/predict", files=form(name=name)).status_code == 200
        assert httpx.post(f"{url}/predict", files=form(b"no picture")).status_code == 415
    data = picture_bytes()
    assert [path.name for path in folder.iterdir()] == [f"{hashlib.sha256(data).hexdigest()}.png"]
    assert next(folder.iterdir()).read_bytes() == data
    assert list(tmp_path.iterdir()) == [folder]


def test_a_full_folder_takes_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = picture_bytes(1, "JPEG"), picture_bytes(2)
    keeper = Keeper(tmp_path, len(first) + len(second) - 1)
    for data in (first, second, first):
        keeper.keep(data)
    assert [path.suffix for path in tmp_path.iterdir()] == [".jpeg"]
    assert "max_kept_bytes" in caplog.text


def test_a_folder_that_cannot_be_written_fails_no_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    Keeper(tmp_path / "file" / "kept", 1000).keep(picture_bytes())
    assert "could not be kept" in caplog.text
