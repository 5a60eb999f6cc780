"""An S3 bucket of a server on this machine, and a job of `detector detect` from bucket to bucket."""

from types import TracebackType


class Bucket:
    """A new bucket; while the block lasts."""

    def __init__(self, name: str) -> None:
        from moto.server import ThreadedMotoServer

        self.address, self._name = f"s3://{name}", name
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    def environment(self) -> dict[str, str]:
        """What an S3 client must be told to reach it."""
        host, port = self._server.get_host_and_port()
        return {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def __enter__(self) -> "Bucket":
        import requests

        self._server.start()
        url = f"{self.environment()['AWS_ENDPOINT_URL']}/{self._name}"
        requests.put(url, timeout=30).raise_for_status()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
