"""Requests for offers, which are the throughput of containers and of databases."""

from local.cosmos import charges
from local.cosmos.errors import not_found
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.offers import Owner, offer_of, owners
from local.cosmos.resource_answers import answer, answer_read, check_etag, feed, read_object
from local.cosmos.throughput import Throughput, read_headers, read_offer


def requested_throughput(exchange: Exchange) -> Throughput | None:
    """The throughput of a new database or container; None where the request names none."""
    return read_headers(
        exchange.header("x-ms-offer-throughput"), exchange.header("x-ms-cosmos-offer-autopilot-settings")
    )


def list_offers(exchange: Exchange) -> Response:
    """GET or query offers."""
    return feed(exchange, "", "Offers", [offer_of(*owned) for owned in owners(exchange.emulator.account)])


def read_offer_of(exchange: Exchange) -> Response:
    """GET offers/O."""
    owner, throughput = _offered(exchange)
    headers = {"x-ms-cosmos-min-throughput": str(throughput.least), "x-ms-offer-replace-pending": "false"}
    return answer_read(exchange, offer_of(owner, throughput), headers)


def replace_offer(exchange: Exchange) -> Response:
    """PUT offers/O: changes the throughput, and splits partitions that cannot carry it."""
    owner, before = _offered(exchange)
    check_etag(exchange, offer_of(owner, before))
    wanted = read_offer(read_object(exchange).get("content"), before)
    exchange.emulator.set_throughput(owner, wanted)
    return answer(200, offer_of(owner, wanted), charges.METADATA_WRITE)


def _offered(exchange: Exchange) -> tuple[Owner, Throughput]:
    for owner, throughput in owners(exchange.emulator.account):
        if offer_of(owner, throughput)["id"] == exchange.parts[1]:
            return owner, throughput
    raise not_found()
