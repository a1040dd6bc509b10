"""Azure on one machine: a Functions host, a Cosmos DB emulator and a mail inbox. Never deployed."""
