"""`detector detect`: what is in pictures, folders and standard input."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

import detector
from detector.commands.jobs import Job, in_order, plan, write
from detector.commands.options import configure, load_engine, picture_bar, settings_options
from detector.errors import ImageError
from detector.settings import Limits, Settings


@click.command("detect")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURES...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write annotated copies there.")
@click.option("--resume", is_flag=True, help="Pass over pictures whose copy is in --out already.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for each picture.")
@settings_options
def detect_command(pictures: tuple[str, ...], as_json: bool, preset: str | None, **given: Any) -> None:
    """Say what is in PICTURES: files, folders, or - for standard input.

    A picture that cannot be read is reported on standard error; the others are still done, and the exit code is 1.
    """
    out, resume = given.pop("out"), given.pop("resume")
    if resume and not out:
        raise click.UsageError("--resume needs --out: what is there already is passed over")
    config, settings = configure(preset, given)
    jobs = [job for job in plan(pictures, out) if not (resume and job.target and job.target.exists())]
    engine = load_engine(config, settings)
    work = partial(_work, engine=engine, settings=settings, limits=config.limits)
    failed = 0
    with picture_bar(len(jobs)) as bar:
        for job, result in in_order(work, jobs, threads=max(2, os.cpu_count() or 1)):
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
            whole = picture.size_wh == picture.full_wh
            full = picture if whole else detector.read_picture(data, limits)
            drawn = detector.draw(full, result.detections)
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
