"""`detector models`, `pull` and `engines`: what is there to run."""

import os
from pathlib import Path

import click

from detector.commands.options import model_files
from detector.settings import Config


@click.command("models")
@click.option("--model", "folders", multiple=True, metavar="FOLDER", help="List this folder's model too.")
def models_command(folders: tuple[str, ...]) -> None:
    """List the models: size of the weights, whether they are here and verified, where."""
    from detector.models.registry import Registry
    from detector.models.store import Store

    config = Config.from_env(os.environ)
    store = Store.open(config.home)
    for model in Registry().with_folders(*config.model_folders, *map(Path, folders)).models:
        where = model.where(store)
        state = f"{model.trust}  {where}" if where else f"not here; detector pull {model.name}"
        click.echo(f"{model.name:<14} {model.size_bytes / 1e6:6.1f} MB  {state}")


@click.command("pull")
@click.argument("model")
def pull_command(model: str) -> None:
    """Fetch and verify the weights of MODEL."""
    click.echo(f"{model}: {model_files(Config.from_env(os.environ), model).weights}")


@click.command("engines")
def engines_command() -> None:
    """List the engines: version, or why one cannot be used."""
    from detector.engines.catalog import ENGINES

    for entry in ENGINES:
        state = entry.problem() or f"{entry.version():<12} {entry.summary}"
        click.echo(f"{entry.name:<12} {state}")
