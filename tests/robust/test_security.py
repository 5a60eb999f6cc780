"""What another web page could have a visitor's browser do to the page."""

from collections.abc import Iterator

import httpx
import pytest

pytest.importorskip("streamlit")

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.builders import use_own_model
from tests.served import Served, served

pytestmark = [pytest.mark.robust, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("security")
    with pytest.MonkeyPatch.context() as patch:
        use_own_model(folder, patch)
        with served(folder / "log", {}) as one:
            yield one


def test_a_websocket_from_another_origin_is_refused(server: Served) -> None:
    address = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(address, origin=Origin("https://elsewhere.example")),
    ):
        pass


def test_an_upload_without_the_token_is_refused(server: Served) -> None:
    answer = httpx.put(f"{server.url}/_stcore/upload_file/a/b", files={"file": b"x"})
    assert answer.status_code == 403


def test_an_upload_of_a_session_that_is_none_is_refused(server: Served) -> None:
    with httpx.Client(base_url=server.url) as client:
        client.get("/_stcore/health")
        token = client.cookies["_streamlit_xsrf"]
        answer = client.put("/_stcore/upload_file/a/b", files={"file": b"x"}, headers={"X-Xsrftoken": token})
    assert answer.status_code == 400
