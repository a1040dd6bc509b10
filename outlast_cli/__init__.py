"""The command `outlast`: a client of the HTTP API."""
