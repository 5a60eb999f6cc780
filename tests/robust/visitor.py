"""A visit to the page without a browser: what the page's own script says over its websocket, and nothing drawn."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileUploaderState, FileURLs, FileURLsRequest, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE_S = 120


@contextmanager
def visiting(url: str) -> Iterator["Visitor"]:
    """A tab with the page, open for as long as the block."""
    # A connection for each request: one that rests is closed by the server just as the next request is sent.
    with httpx.Client(base_url=url, timeout=PATIENCE_S, headers={"Connection": "close"}) as http:
        http.get("/_stcore/health").raise_for_status()  # brings the cookie against forged requests
        token = http.cookies["_streamlit_xsrf"]
        http.headers["X-Xsrftoken"] = token
        with connect(
            f"{url.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
            additional_headers={"Cookie": f"_streamlit_xsrf={token}"},
            max_size=None,
            open_timeout=PATIENCE_S,
        ) as socket:
            yield Visitor(http, socket)


class Visitor:
    """One session. Everything that the server has sent in the last run of the page is in `told`."""

    def __init__(self, http: httpx.Client, socket: ClientConnection) -> None:
        self._http, self._socket = http, socket
        self._uploader, self._widgets = "", WidgetStates()
        self.told = b""
        self.run()

    def run(self) -> None:
        """Have the page's script run once more, to its end."""
        self._send(BackMsg(rerun_script=ClientState(widget_states=self._widgets)))
        self.told = b""
        for message in self._messages():
            self.told += message.SerializeToString()
            if message.WhichOneof("type") == "delta":
                element = message.delta.new_element
                if element.WhichOneof("type") == "file_uploader":
                    self._uploader = element.file_uploader.id
            if (
                message.WhichOneof("type") == "script_finished"
                and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return

    def upload(self, name: str, data: bytes) -> None:
        """Drop one picture in place of what was there, and see what comes of it."""
        urls = self._place_for(name)
        form = {"file": (name, io.BytesIO(data), "application/octet-stream")}
        self._http.put(urls.upload_url, files=form).raise_for_status()
        info = UploadedFileInfo(file_id=urls.file_id, name=name, size=len(data), file_urls=urls)
        state = WidgetState(
            id=self._uploader,
            file_uploader_state_value=FileUploaderState(uploaded_file_info=[info]),
        )
        self._widgets = WidgetStates(widgets=[state])
        self.run()

    def _place_for(self, name: str) -> FileURLs:
        self._send(BackMsg(file_urls_request=FileURLsRequest(request_id="1", file_names=[name])))
        for message in self._messages():
            if message.WhichOneof("type") == "file_urls_response":
                urls: FileURLs = message.file_urls_response.file_urls[0]
                return urls
        raise AssertionError("the server has gone")

    def _send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _messages(self) -> Iterator[ForwardMsg]:
        while True:
            data = self._socket.recv(PATIENCE_S)
            assert isinstance(data, bytes)
            yield ForwardMsg.FromString(data)
