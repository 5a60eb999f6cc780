"""`detector settings`: everything that can be set, what it is now, and where that was said."""

import os
from typing import Any

import click

from detector.machine import Machine
from detector.settings import Config, given_in

# Unit and meaning of each, in the order of `value_types`.
MEANINGS = {
    "model": "name of a model",
    "engine": "name of an engine",
    "side": "pixels, a multiple of 32; empty: the model's own",
    "threads": "processor threads for one inference; 0: every core",
    "confidence": "0 to 1; what scores over this is kept",
    "nms_iou": "0 to 1; of boxes that overlap by more the less sure one goes",
    "suppression": "agnostic or class",
    "fit": "stretch or letterbox",
    "precision": "float32, bfloat16 or int8: what the network is computed in",
    "max_picture_bytes": "bytes of one picture's file",
    "max_picture_pixels": "pixels, width times height",
    "max_running": "pictures in work at once; 0: one a core, at least two",
    "max_waiting": "pictures in the queue behind them",
    "max_wait_s": "seconds that one waits for its turn",
    "max_engines": "models kept loaded at once",
    "api_keys": "keys, comma between; none: no key is asked for",
    "cors_origins": "origins of web pages that may call, comma between; *: any",
    "frame_origins": "origins of web pages that may show the page within theirs, comma between; *: any",
    "max_requests_per_minute": "requests of one client in a minute; 0: no limit",
    "max_body_bytes": "bytes of one request",
    "max_held_bytes": "bytes of all requests in memory at once",
    "max_body_s": "seconds for a request's body to arrive",
    "max_answer_s": "seconds for a request then to be answered",
    "max_files": "pictures in one batch",
    "max_side": "pixels, the largest input side that may be asked for",
    "keep_folder": "folder that keeps uploads; empty: nothing is kept",
    "max_kept_bytes": "bytes in that folder in all",
    "api_url": "address or path of the API, told on the page; `detector serve` sets it",
    "url": "address of the API that the page asks; empty: it detects by itself",
    "url_key": "the key that this API wants",
    "public": "1: strangers come, so less is allowed and the page says so; 0: they do not",
    "max_pictures": "pictures on the page at once",
    "max_pictures_per_visit": "different pictures in one visit; 0: no limit",
    "models": "published models that page and API offer, comma between; none: all",
    "home": "folder of weights and samples; empty: the user's cache folder",
    "model_folders": f"folders with models of one's own, {os.pathsep} between",
}
SECRET = ("api_keys", "url_key")


@click.command("settings")
def settings_command() -> None:
    """List every setting: its value, where that comes from, unit and meaning. Secrets are not shown.

    They are as the page has them: on a small machine some are smaller than elsewhere.
    """
    config = Config.from_env(os.environ, Machine.here())
    given = given_in(os.environ, Machine.here())
    rows = [
        (
            name,
            _shown(name, _value(config, name)),
            given[name].origin if name in given else "default",
            meaning,
        )
        for name, meaning in MEANINGS.items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        click.echo("  ".join([*map(str.ljust, row[:3], widths), row[3]]))


def _value(config: Config, name: str) -> Any:
    groups = (config.settings, config.limits, config.serving, config.http, config.page, config)
    return next(getattr(group, name) for group in groups if hasattr(group, name))


def _shown(name: str, value: Any) -> str:
    if name in SECRET:
        return f"({len(value) if isinstance(value, tuple) else 1} hidden)" if value else ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
