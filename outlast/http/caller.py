"""Who sends a request."""

import azure.functions as func

from outlast.errors import shorten

HEADER = "X-MS-CLIENT-PRINCIPAL-NAME"
"""Azure's authentication sets it and removes a caller's own. Source: App Service, "Work with user identities"."""
MOST_NAME = 200


def caller_of(request: func.HttpRequest) -> str | None:
    """The caller's name where Azure's authentication says it; None where it is not switched on."""
    name = "".join(filter(str.isprintable, request.headers.get(HEADER) or "")).strip()
    return shorten(name, MOST_NAME) or None
