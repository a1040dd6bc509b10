"""Requests for conflicts of several write regions. The account has one region, so there are none."""

from local.cosmos.errors import not_found
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.resource_answers import feed


def list_conflicts(exchange: Exchange) -> Response:
    """GET or query conflicts: an empty list."""
    return feed(exchange, exchange.container().rid, "Conflicts", [])


def find_conflict(exchange: Exchange) -> Response:
    """GET or DELETE conflicts/ID: 404."""
    raise not_found()
