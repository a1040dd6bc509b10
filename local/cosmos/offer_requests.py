"""Requests for offers, which are the throughput of containers."""

from local.cosmos import charges
from local.cosmos.definitions import least_throughput, read_throughput
from local.cosmos.errors import not_found
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.offers import offer_of
from local.cosmos.resource_answers import answer, answer_read, check_etag, feed, read_object
from local.cosmos.state import Container


def list_offers(exchange: Exchange) -> Response:
    """GET or query offers."""
    offers = [offer_of(container) for _, container in exchange.emulator.account.containers()]
    return feed(exchange, "", "Offers", offers)


def read_offer(exchange: Exchange) -> Response:
    """GET offers/O."""
    container = _offered(exchange)
    least = str(least_throughput(container.highest_throughput))
    return answer_read(exchange, offer_of(container), {"x-ms-cosmos-min-throughput": least})


def replace_offer(exchange: Exchange) -> Response:
    """PUT offers/O: changes the throughput, and splits partitions that cannot carry it."""
    container = _offered(exchange)
    check_etag(exchange, offer_of(container))
    content = read_object(exchange).get("content")
    content = content if isinstance(content, dict) else {}
    autoscale = content.get("offerAutopilotSettings") or content.get("offerAutoScaleSettings")
    least = least_throughput(container.highest_throughput)
    value = read_throughput(str(content.get("offerThroughput")), autoscale, least)
    exchange.emulator.set_throughput(container, value)
    return answer(200, offer_of(container), charges.METADATA_WRITE)


def _offered(exchange: Exchange) -> Container:
    for _, container in exchange.emulator.account.containers():
        if offer_of(container)["id"] == exchange.parts[1]:
            return container
    raise not_found()
