"""A Cosmos DB emulator for one machine: speaks to the official clients, charges and throttles as the service."""

EMULATOR_KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
"""The publicly documented key of the service's own emulators, so that existing connection strings work."""


def main(argv: list[str]) -> int:
    """Run the emulator until it is told to end; the parts are imported only now."""
    from local.cosmos.cli import main as run

    return run(argv)
