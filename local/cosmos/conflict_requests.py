"""Requests for conflicts of several write regions. The account has one region, so there are none."""

from local.cosmos.errors import bad_request, not_found
from local.cosmos.exchange import KEY_HEADER, Exchange
from local.cosmos.messages import Response
from local.cosmos.query_requests import NO_CROSS_PARTITION
from local.cosmos.resource_answers import feed


def list_conflicts(exchange: Exchange) -> Response:
    """GET or query conflicts: an empty list; raises 400 where a query names no partition key and not all of them."""
    crossing = exchange.flag("x-ms-documentdb-query-enablecrosspartition")
    if exchange.request.method == "POST" and not crossing and exchange.header(KEY_HEADER) is None:
        raise bad_request(NO_CROSS_PARTITION)
    return feed(exchange, exchange.container().rid, "Conflicts", [])


def find_conflict(exchange: Exchange) -> Response:
    """GET or DELETE conflicts/ID: 404."""
    raise not_found()
