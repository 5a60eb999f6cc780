"""`detector quantize`: what int8 must know of a model, from one's own pictures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from detector.addresses import write
from detector.commands.jobs import plan
from detector.commands.options import configure, model_files


@click.command("quantize")
@click.argument("model", metavar="NAME|FOLDER")
@click.argument("pictures", type=click.Path(exists=True, path_type=Path, file_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: where int8 looks for it."
)
@click.option(
    "--pictures", "most", type=click.IntRange(min=1), default=32, metavar="N", help="Take N of them; 32."
)
@click.option(
    "--float", "more", type=int, multiple=True, metavar="LAYER", help="Leave that layer in float32 too."
)
def quantize_command(model: str, pictures: Path, out: Path | None, most: int, more: tuple[int, ...]) -> None:
    """Find the ranges of MODEL's values on PICTURES, a folder of pictures like those it will see.

    Some tens of pictures are enough, and they need no labels. The file is text and a few KB.
    """
    from detector.calibration import calibrate, spread

    config, settings = configure(None, {"model": model})
    files = model_files(config, settings.model)
    chosen = spread([Path(job.name) for job in plan([str(pictures)], None)], most)
    command = [
        "detector",
        "quantize",
        files.name,
        "/".join(pictures.resolve().parts[-2:]),
        "--pictures",
        str(most),
    ]
    command += [word for layer in more for word in ("--float", str(layer))]
    about = {"model": files.name, "made_with": " ".join(command), "pictures": len(chosen)}
    with _bar(len(chosen)) as bar:
        ranges = calibrate(files, chosen, more, config.limits, bar.update)
    target = out or files.ranges
    assert target, "a model of the registry says where its ranges are looked for"
    write(target, replace(ranges, about=about).text().encode())
    click.echo(f"{target}: {len(ranges.by_layer)} ranges from {len(chosen)} pictures")
    if target != files.ranges:
        click.echo(f"--precision int8 reads {files.ranges}")


def _bar(steps: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=steps, unit=" pictures", disable=None)
