"""`detector export`: a model for other runtimes."""

from pathlib import Path

import click

from detector.commands.options import configure, model_files
from detector.export import FORMATS, export


@click.command("export")
@click.argument("model", metavar="NAME|FOLDER")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(tuple(FORMATS)),
    default="onnx",
    help="onnx where none is named.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder; MODEL-FORMAT where none is named.",
)
@click.option("--side", type=int, metavar="PIXELS", help="Input side, a multiple of 32; the model's own.")
@click.option("--decode", is_flag=True, help="Boxes and scores come out of it; not for ncnn.")
def export_command(model: str, file_format: str, out: Path | None, side: int | None, decode: bool) -> None:
    """Write MODEL so that another runtime can run it: network, class names, and a card that explains its outputs."""
    config, settings = configure(None, {"model": model, "side": side})
    files = model_files(config, settings.model)
    for path in export(files, file_format, out or Path(f"{files.name}-{file_format}"), settings.side, decode):
        click.echo(path)
