"""One error shape, on every route, for everything that a client can send."""

import tempfile
from dataclasses import replace
from typing import Any

import httpx
import pytest
from PIL import Image

from detector.api.app import build_api
from detector.errors import DetectorError
from detector.service import Service, service
from detector.settings import Config, Http, Limits
from tests.api.conftest import form, home_of, picture_bytes
from tests.api.servers import HeldEngine, HeldPool, running
from tests.builders import file_bytes

UPLOADS = ("/predict", "/predict/batch", "/count/ant", "/compare")
READS = ("/", "/healthz", "/readyz", "/models", "/metrics")


def problem(answer: httpx.Response, status: int) -> dict[str, str]:
    """The one shape, checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, str] = answer.json()
    assert list(body) == ["error", "detail", "hint"]
    assert all(isinstance(text, str) and text for text in body.values())
    assert "Traceback" not in answer.text
    assert "site-packages" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("Retry-After" in answer.headers) == (status in (429, 503))
    return body


@pytest.mark.parametrize("path", UPLOADS)
def test_every_upload_route_answers_in_the_one_shape(api: httpx.Client, path: str) -> None:
    assert "Method Not Allowed" in problem(api.get(path), 405)["detail"]
    assert "not multipart" in problem(api.post(path), 415)["detail"]
    assert "not multipart" in problem(api.post(path, json={"file": "x"}), 415)["detail"]
    assert "no file" in problem(api.post(path, files={"other": ("a.png", b"x")}), 422)["detail"]
    assert "'nope'" in problem(api.post(f"{path}?nope=1", files=form()), 422)["detail"]
    assert "'x'" in problem(api.post(f"{path}?confidence=x", files=form()), 422)["detail"]
    assert "'zz'" in problem(api.post(f"{path}?model=zz", files=form()), 422)["detail"]
    many = [("file", (f"{number}.png", b"x")) for number in range(21)]
    assert "21 files" in problem(api.post(path, files=many), 413)["detail"]
    headers = {"Content-Type": "multipart/form-data"}
    assert "boundary" in problem(api.post(path, content=b"x", headers=headers), 400)["detail"]


@pytest.mark.parametrize("path", READS)
def test_every_other_route_answers_in_the_one_shape(api: httpx.Client, path: str) -> None:
    assert api.get(path).status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        problem(api.request(method, path), 405)


def test_the_walk_has_left_out_no_route(api: httpx.Client) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    assert {path.replace("{label}", "ant") for path in paths} == {*UPLOADS, *READS}


@pytest.mark.parametrize(
    "path", ["/nope", "/predict/nope", "/static-offline-docs/nope", "/%00", "/count/", "/..%2f"]
)
def test_what_is_not_there_is_answered_so(api: httpx.Client, path: str) -> None:
    assert "/docs" in problem(api.post(path) if path.startswith("/count") else api.get(path), 404)["hint"]


def test_an_unknown_class_is_not_there(api: httpx.Client) -> None:
    assert "no class 'dragon'" in problem(api.post("/count/dragon", files=form()), 404)["detail"]
    assert "'dragon'" in problem(api.post("/predict?classes=dragon", files=form()), 422)["detail"]


NO_PICTURES = {
    "empty": b"",
    "text": b"not a picture",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "tiff": file_bytes(Image.new("RGB", (8, 8)), "TIFF"),
    "cut": picture_bytes()[:200],
}


@pytest.mark.parametrize("kind", NO_PICTURES)
@pytest.mark.parametrize("path", ["/predict", "/count/ant", "/compare"])
def test_content_that_is_no_picture_is_refused_by_name(api: httpx.Client, path: str, kind: str) -> None:
    body = problem(api.post(path, files=form(NO_PICTURES[kind], "holiday.jpg")), 415)
    assert body["detail"].startswith("'holiday.jpg': ")
    assert "script" not in str(body)


def test_what_is_known_by_its_content_is_refused_by_that_and_not_by_its_name(api: httpx.Client) -> None:
    body = problem(api.post("/predict", files=form(NO_PICTURES["tiff"], "scan.tiff")), 415)
    assert body["detail"].startswith("'scan.tiff': this is a TIFF picture")


def test_int8_without_ranges_is_no_matter_of_waiting(api: httpx.Client) -> None:
    body = problem(api.post("/predict?model=insects&precision=int8", files=form()), 422)
    assert body["detail"].startswith("insects has no ranges for int8")


NAMES = {
    "": 200, "blob": 200, "a.jpg": 200, "A.JPEG": 200, "../../a.png": 200, "/etc/passwd.png": 200,
    "..\\x.png": 200, "\u202egnp.png": 200, "😀.png": 200, "x" * 300 + ".png": 200, "-rf.png": 200,
    "a.txt": 415, "a.exe": 415, "a.png.sh": 415, "a.svg": 415,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_that_is_no_pictures_is_refused_and_no_name_is_used(
    api: httpx.Client, config: Config, name: str
) -> None:
    boundary = "x"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + picture_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    before = sorted(home_of(config).parent.rglob("*"))
    answer = api.post("/predict?format=json", content=body, headers=headers)
    assert answer.status_code == NAMES[name], answer.text
    if answer.status_code != 200:
        problem(answer, 415)
    assert sorted(home_of(config).parent.rglob("*")) == before


@pytest.mark.parametrize(
    "query",
    ["confidence=-1", "confidence=nan", "confidence=inf", "nms=1.1", "side=33", "side=0", "side=1024", "side=1e3",
     "fit=crop", "suppression=x", "preset=x", "engine=x", "format=xml", "model=", "model=../x", "threads=4"],
)  # fmt: skip
def test_a_bad_parameter_is_named(api: httpx.Client, query: str) -> None:
    assert query.partition("=")[0] in problem(api.post(f"/predict?{query}", files=form()), 422)["detail"]


def test_too_much_is_refused_with_the_limit(config: Config) -> None:
    small = replace(config, limits=Limits(500, 1000), http=Http(max_body_bytes=2000))
    with running(build_api(service(small))) as url, httpx.Client(base_url=url) as api:
        picture = file_bytes(Image.new("RGB", (40, 40)), "PNG")
        assert "40 x 40" in problem(api.post("/predict", files=form(picture)), 413)["detail"]
        assert "limit is" in problem(api.post("/predict", files=form(b"x" * 600)), 413)["detail"]
        header = {"Content-Type": "multipart/form-data; boundary=x"}
        chunks = [b"--x\r\n" + b"y" * 1000] * 30
        for body in (b"".join(chunks), iter(chunks)):  # with its length said, and without
            assert "2,000 bytes" in problem(api.post("/predict", content=body, headers=header), 413)["detail"]


def test_all_bodies_together_have_a_limit(config: Config) -> None:
    most = len(picture_bytes()) + 1000
    with (
        running(build_api(service(replace(config, http=Http(max_held_bytes=most))))) as url,
        httpx.Client(base_url=url) as api,
    ):
        for _ in range(3):  # what was taken is given back, also where it was too much
            assert api.post("/predict", files=form()).status_code == 200
            assert "holds as many" in problem(api.post("/predict", files=form(b"x" * most)), 503)["detail"]


def test_a_large_upload_is_not_written_to_disk_on_its_way(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_disk(*_: Any, **__: Any) -> Any:
        raise OSError("disk")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_disk)  # the server runs in this process
    large = file_bytes(Image.new("RGB", (1200, 1200)), "BMP")
    assert len(large) > 4_000_000
    assert api.post("/predict", files=form(large, "large.bmp")).status_code == 200


class Broken(HeldEngine):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def detect(self, *_: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("/secret/path"), 503), (DetectorError("/secret/path"), 500)],
    ids=["of a framework", "kind without a status"],
)
def test_our_own_failure_tells_nothing_and_is_logged(
    config: Config, error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    shared = service(config)
    app = build_api(Service(Config(), HeldPool(Broken(error)), shared.gate))
    with running(app) as url:
        assert "secret" not in str(problem(httpx.post(f"{url}/predict", files=form()), status))
        assert "secret" in caplog.text


def test_a_model_that_cannot_be_had_is_503_without_paths(config: Config, tmp_path: Any) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    for suffix in ("cfg", "weights", "names"):
        (folder / f"own.{suffix}").write_text("x\n")
    with running(build_api(service(replace(config, model_folders=(folder,))))) as url:
        answer = httpx.post(f"{url}/predict?model=broken", files=form())
        assert str(tmp_path) not in str(problem(answer, 503))
        problem(httpx.get(f"{url}/readyz"), 503)
