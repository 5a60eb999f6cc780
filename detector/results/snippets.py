"""Settings -> the lines that ask a server for the same: for a shell, and for Python."""

import shlex
from collections.abc import Sequence
from urllib.parse import urlencode

from detector.settings import Settings


def parameters(settings: Settings, classes: Sequence[str] = ()) -> list[tuple[str, str | float]]:
    """The query of POST /predict that gives what these settings give, classes as often as there are some.

    Everything is said, so that it does not matter what the server takes where nothing is said. Threads are the
    server's own concern, and a side that is the model's own cannot be told.
    """
    said: list[tuple[str, str | float]] = [
        ("model", settings.model),
        ("engine", settings.engine),
        ("precision", settings.precision),
        ("confidence", settings.confidence),
        ("nms", settings.nms_iou),
        ("suppression", settings.suppression),
        ("fit", settings.fit),
    ]
    if settings.side is not None:
        said.append(("side", settings.side))
    return said + [("classes", name) for name in classes]


def curl_line(url: str, settings: Settings, classes: Sequence[str] = (), picture: str = "picture.jpg") -> str:
    """One line for a POSIX shell, whose output is the JSON. `url` is the API's, such as http://localhost:8501/api."""
    query = urlencode([*parameters(settings, classes), ("format", "json")])
    # Quoted for curl as well: a comma or semicolon in the name would end it.
    escaped = picture.replace("\\", "\\\\").replace('"', '\\"')
    form = f'file=@"{escaped}"' if set(picture) & set(',;"\\ ') else f"file=@{picture}"
    return shlex.join(["curl", "-F", form, f"{url.rstrip('/')}/predict?{query}"])


def python_lines(
    url: str, settings: Settings, classes: Sequence[str] = (), picture: str = "picture.jpg"
) -> str:
    """A Python script that prints the same."""
    said = [f"    {name}={value!r}," for name, value in parameters(settings)]
    if classes:
        said.append(f"    classes={list(classes)!r},")
    return "\n".join(
        [
            "from pathlib import Path",
            "",
            "from detector.client import Client",
            "",
            f"client = Client({url!r})",
            "answer = client.predict(",
            f"    Path({picture!r}).read_bytes(),",
            *said,
            ")",
            'print(answer["detections"])',
            "",
        ]
    )
