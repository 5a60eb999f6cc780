"""`detector serve`: the page and the API, or the API alone."""

import os

import click

from detector.errors import DetectorError
from detector.settings import Config


def _host() -> str:
    """This machine only; in a container, where the tutorial sets this variable, everybody."""
    return "0.0.0.0" if os.environ.get("DOCKER-SETUP") else "127.0.0.1"  # noqa: S104


@click.command("serve")
@click.option("--host", default=_host, metavar="ADDRESS", help="127.0.0.1 unless told.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    envvar="PORT",
    metavar="N",
    help="8501, or 8000 for the API alone; also from PORT.",
)
@click.option("--api-only", is_flag=True, help="The API at the root, and no page.")
@click.option(
    "--runner",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="ray: the API in replicas on Ray Serve; see docs/cluster.md.",
)
@click.option(
    "--replicas", metavar="N[-N]", help="On Ray: so many at least and at most; 1 to what its CPUs allow."
)
def serve_command(host: str, port: int | None, api_only: bool, runner: str, replicas: str | None) -> None:
    """Serve the page at / and the API under /api, documented at /api/docs; with DETECTOR_URL set, the page alone."""
    if runner == "ray":
        if not api_only:
            raise click.UsageError("--runner ray serves the API alone: add --api-only")
        _serve_on_ray(host, 8000 if port is None else port, replicas)
    elif replicas:
        raise click.UsageError("--replicas goes with --runner ray")
    else:
        _serve_here(host, port, api_only)


def _serve_on_ray(host: str, port: int, replicas: str | None) -> None:
    from detector.cluster.serving import Place, Span, serve_on_ray

    serve_on_ray(Config.from_env(os.environ), Place(host, port), Span.of(replicas))


def _serve_here(host: str, port: int | None, api_only: bool) -> None:
    try:
        from detector import server

        config = Config.from_env(os.environ) if api_only else _page_config()
    except ModuleNotFoundError as error:
        extras = "serve" if api_only else "page,serve"
        raise DetectorError(
            f"{error.name} is not installed; pip install 'object-detector[{extras}]'"
        ) from error
    build, usual_port = (server.api_alone, 8000) if api_only else (server.page_with_api, 8501)
    try:
        server.server(build(config), host, usual_port if port is None else port, config.http).run()
    except KeyboardInterrupt:
        click.echo()


def _page_config() -> Config:
    """As the page, in this process, reads it too; the API is beside it, unless it asks another server."""
    from detector.hosted import hosted_config
    from detector.server import page_script

    config = hosted_config(page_script())
    if not config.page.url and not config.http.api_url:
        os.environ["DETECTOR_API_URL"] = "/api/"
        config = hosted_config()
    return config
