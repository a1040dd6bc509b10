"""Errors of queries, in the service's form: a list of errors with positions."""

import orjson

from local.cosmos.errors import CosmosError

SYNTAX, UNRESOLVED, UNKNOWN_FUNCTION, SEMANTIC = "SC1001", "SC2001", "SC2005", "SC2102"


def query_error(message: str, start: int = 0, end: int = 0, code: str = SYNTAX) -> CosmosError:
    """400 with the position of the error."""
    error = {
        "severity": "Error",
        "location": {"start": start, "end": end},
        "code": code,
        "message": message,
    }
    return CosmosError(400, "Message: " + orjson.dumps({"errors": [error]}).decode())


def unsupported(clause: str) -> CosmosError:
    """501 with the clause that the emulator lacks."""
    return CosmosError(501, f"The emulator does not support {clause} in queries; docs/local.md lists what it supports.")
