"""The command line. It reads arguments, calls the pipeline and prints; exit codes: 0 good, 1 failed, 2 misused."""

import os
import sys

import click

import detector
from detector.commands.detect import detect_command
from detector.commands.evaluate import evaluate_command
from detector.commands.export import export_command
from detector.commands.models import engines_command, models_command, pull_command
from detector.commands.quantize import quantize_command
from detector.commands.serve import serve_command
from detector.commands.settings import settings_command
from detector.errors import DetectorError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(detector.__version__, package_name=None, message="%(version)s")
def cli() -> None:
    """Find what is in pictures with YOLOv3 and YOLOv3-tiny."""


for command in (
    detect_command,
    evaluate_command,
    serve_command,
    models_command,
    pull_command,
    engines_command,
    quantize_command,
    export_command,
    settings_command,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; an error that a user can mend ends it with one message and exit code 1."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets on standard error otherwise
    try:
        cli()
    except DetectorError as error:
        click.echo(f"detector: {error}", err=True)
        sys.exit(1)
