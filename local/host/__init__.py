"""An Azure Functions and Durable Functions host for one machine: Python, SQLite and the Durable SDK's own replay."""


def main(argv: list[str]) -> int:
    """Run the host from the command line. It is imported late, so that `local.host` costs nothing to import."""
    from local.host.cli import main as run

    return run(argv)
