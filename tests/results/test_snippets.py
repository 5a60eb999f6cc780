"""The lines to copy: what a shell and Python make of them. That a server answers them is tested with the API."""

import ast
import shlex
from urllib.parse import parse_qsl, urlsplit

import pytest

from detector.results.snippets import curl_line, parameters, python_lines
from detector.settings import Settings

SETTINGS = Settings(
    "yolov3", "opencv", 608, 2, confidence=0.25, nms_iou=0.6, suppression="class", fit="letterbox"
)
TOLD = [
    ("model", "yolov3"),
    ("engine", "opencv"),
    ("precision", "float32"),
    ("confidence", "0.25"),
    ("nms", "0.6"),
    ("suppression", "class"),
    ("fit", "letterbox"),
    ("side", "608"),
]


def test_everything_that_decides_an_answer_is_said() -> None:
    assert [(name, str(value)) for name, value in parameters(SETTINGS)] == TOLD
    assert "side" not in dict(parameters(Settings()))


@pytest.mark.parametrize(
    "name", ["it's $HOME", 'a "b" & c', "traffic light", "ä;rm -rf /", "`x`\\", "a,b"], ids=ascii
)
def test_a_shell_and_a_server_read_back_what_was_meant(name: str) -> None:
    settings = Settings(model=name)
    words = shlex.split(curl_line("http://localhost:8501/api/", settings, [name, "dog"]))
    assert words[:3] == ["curl", "-F", "file=@picture.jpg"]
    address = urlsplit(words[3])
    assert (address.netloc, address.path) == ("localhost:8501", "/api/predict")
    said = parse_qsl(address.query)
    assert ("model", name) in said
    assert said[-3:] == [("classes", name), ("classes", "dog"), ("format", "json")]
    calls = [
        node
        for node in ast.walk(ast.parse(python_lines("http://x", settings, [name])))
        if isinstance(node, ast.Call)
    ]
    keywords = {word.arg: ast.literal_eval(word.value) for call in calls for word in call.keywords}
    assert (keywords["model"], keywords["classes"]) == (name, [name])


def test_a_files_name_is_quoted_for_curl_too() -> None:
    words = shlex.split(curl_line("http://x", SETTINGS, picture='my "best", really.jpg'))
    assert words[2] == r'file=@"my \"best\", really.jpg"'


def test_python_is_as_short_as_it_can_be() -> None:
    assert (
        python_lines("http://x/api", Settings())
        == """from pathlib import Path

from detector.client import Client

client = Client('http://x/api')
answer = client.predict(
    Path('picture.jpg').read_bytes(),
    model='yolov3-tiny',
    engine='openvino',
    precision='float32',
    confidence=0.5,
    nms=0.3,
    suppression='agnostic',
    fit='stretch',
)
print(answer["detections"])
"""
    )
