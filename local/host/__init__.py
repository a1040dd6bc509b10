"""An Azure Functions and Durable Functions host for one machine: Python, SQLite and the Durable SDK's own replay."""


def main(argv: list[str]) -> int:
    """Runs the host from the command line; imported late so that `local.host` costs nothing to import."""
    from local.host.cli import main as run

    return run(argv)
