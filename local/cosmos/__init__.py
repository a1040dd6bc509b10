"""A Cosmos DB emulator for one machine. It charges and throttles as the service does."""

EMULATOR_KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
"""The publicly documented key of the service's own emulators, so that existing connection strings work."""
