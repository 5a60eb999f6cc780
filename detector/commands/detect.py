"""`detector detect`: what is in pictures, folders and standard input."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

import detector
from detector.addresses import is_remote, write
from detector.ahead import in_order
from detector.commands.jobs import Job, plan
from detector.commands.options import configure, load_engine, picture_bar, settings_options, workers
from detector.errors import ImageError
from detector.settings import Config, Limits, Settings


@click.command("detect")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURES...")
@click.option("--out", type=click.Path(file_okay=False), help="Write annotated copies, or rows, there.")
@click.option("--resume", is_flag=True, help="Pass over pictures whose copy, or row, is in --out already.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for each picture.")
@click.option(
    "--runner",
    type=click.Choice(["local", "ray"]),
    help="Write rows as Parquet into --out, detected here or on a Ray cluster.",
)
@click.option(
    "--part", type=click.IntRange(min=1), default=256, metavar="N", help="Rows in one Parquet file; 256."
)
@settings_options
def detect_command(pictures: tuple[str, ...], as_json: bool, preset: str | None, **given: Any) -> None:
    """Say what is in PICTURES: files, folders, addresses such as s3://bucket/a.jpg, or - for standard input.

    A picture that cannot be read is reported on standard error; the others are still done, and the exit code is 1.

    With --runner one row a picture is written into --out, a folder or an address, and folders are searched to the
    bottom. A picture that cannot be read is a row that says why.
    """
    out, resume, runner, part = (given.pop(name) for name in ("out", "resume", "runner", "part"))
    _check(pictures, out, resume, runner, as_json)
    config, settings = configure(preset, given)
    if runner:
        from detector.commands.rows import Rows, write_rows

        write_rows(pictures, Rows(str(out), runner, resume, part), replace(config, settings=settings))
    else:
        _show(pictures, Path(out) if out else None, resume, as_json, replace(config, settings=settings))


def _check(pictures: Sequence[str], out: str | None, resume: bool, runner: str | None, as_json: bool) -> None:
    """Raises UsageError for options that do not go together."""
    if resume and not out:
        raise click.UsageError("--resume needs --out: what is there already is passed over")
    if not runner and out and is_remote(out):
        raise click.UsageError(
            f"annotated copies go into a folder of this machine, not to {out}; see --runner"
        )
    if runner and not out:
        raise click.UsageError("--runner needs --out: the rows are written there")
    if runner and as_json:
        raise click.UsageError("--runner writes rows and prints none; leave out --json")
    if runner and "-" in pictures:
        raise click.UsageError("--runner takes files, folders and addresses, not standard input")


def _show(pictures: Sequence[str], out: Path | None, resume: bool, as_json: bool, config: Config) -> None:
    """Print what is found, picture by picture, and draw the copies."""
    jobs = [job for job in plan(pictures, out) if not (resume and job.target and job.target.exists())]
    engine = load_engine(config, config.settings, len(jobs))
    work = partial(_work, engine=engine, settings=config.settings, limits=config.limits)
    failed = 0
    with picture_bar(len(jobs)) as bar:
        for job, result in in_order(work, jobs, workers()):
            bar.update()
            if isinstance(result, ImageError):
                failed += 1
                bar.write(f"detector: {job.name}: {result}", file=sys.stderr)
            else:
                bar.write(_text(result, job.name, as_json), file=sys.stdout)
    if failed:
        sys.exit(1)


def _work(
    job: Job, engine: "detector.Engine", settings: Settings, limits: Limits
) -> "detector.Result | ImageError":
    """Everything that is done for one picture; a picture that cannot be read is an answer too."""
    try:
        data = job.read()
        result, picture = detector.read_and_detect(data, engine, settings, limits)
        if job.target:
            drawn = detector.draw(detector.in_full(picture, data, limits), result.detections)
            write(job.target, detector.encode(drawn, job.target.suffix))
        return result
    except ImageError as error:
        return error


def _text(result: "detector.Result", name: str, as_json: bool) -> str:
    """One line of JSON, or the tutorial's lines."""
    if as_json:
        from detector.results.report import report

        return json.dumps(report(result, name))
    found = result.detections
    lines = ["========================", f"Image processed: {Path(name).name}", "", *result.notes]
    for label, score in zip(found.labels, found.scores.tolist(), strict=True):
        lines.append(f"Detected object: {label} with confidence level of {score}")
    if not len(found):
        lines.append(f"Nothing with a confidence over {result.settings.confidence}; try a lower --confidence")
    return "\n".join([*lines, ""])
