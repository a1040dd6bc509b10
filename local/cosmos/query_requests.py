"""Requests that query documents: in one partition key, in one partition key range, or in all of them."""

from contextlib import suppress

import orjson

from local.cosmos.batch_requests import RESPONSE_LIMIT
from local.cosmos.change_feed import read_changes
from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.exchange import KEY_HEADER, RANGE_HEADER, Exchange
from local.cosmos.messages import Response
from local.cosmos.paging import page_size
from local.cosmos.parsing import parse
from local.cosmos.query.body import QueryBody, read_query
from local.cosmos.query.parser import parse_query
from local.cosmos.query.plan import FIRST, WHOLE, build_plan, check_order, is_streamable, pinned_key
from local.cosmos.query.prepared import PreparedQuery
from local.cosmos.query.rows import Page, to_portable
from local.cosmos.query_pages import LAST, QueryPage
from local.cosmos.query_tokens import read_token
from local.cosmos.state import Container

EVERYTHING = QueryBody("SELECT * FROM root", {}, None)
NO_CROSS_PARTITION = (
    "Cross partition query is required but disabled. Please set x-ms-documentdb-query-enablecrosspartition to true, "
    "specify x-ms-documentdb-partitionkey, or revise your query to avoid this exception."
)
NOT_SERVABLE = (
    "The provided cross partition query can not be directly served by the gateway. This is a first chance (internal) "
    "exception that all newer clients will know how to handle gracefully. This exception is traced, but unless you see "
    "it bubble up as an exception (which only happens on older SDK clients), then you can safely ignore this message."
)


def plan(exchange: Exchange) -> Response:
    """POST docs with the header for a query plan: how the client sends a query to the partitions."""
    asked = read_query(parse(exchange.request.body))
    container = exchange.container()
    prepared = _prepare(container, asked)
    query = prepared.query
    header = exchange.header(KEY_HEADER)
    key, whole = pinned_key(query, asked.parameters, container.key_paths), True
    if header is not None:
        key, whole = container.read_prefix(header)
    ranges = [WHOLE if query.alias else FIRST]
    if key is not None:
        point = container.effective(key)
        ranges = [{"min": point, "max": point, "isMinInclusive": True, "isMaxInclusive": True}]
        if not whole:
            ranges = [{"min": point, "max": point + LAST, "isMinInclusive": True, "isMaxInclusive": False}]
    features = set((exchange.header("x-ms-cosmos-supported-query-features") or "").replace(" ", "").split(","))
    body = orjson.dumps(build_plan(query, prepared, ranges, features, one_partition=key is not None and whole))
    return Response(200, {"x-ms-request-charge": "0"}, body)


def query(exchange: Exchange) -> Response:
    """POST docs with the header for a query: one page."""
    asked = read_query(parse(exchange.request.body))
    prepared = _prepare(exchange.container(), asked)
    pages = _pages(exchange, prepared)
    in_one = _in_one_partition(pages, _pinned_by_condition(pages, asked))
    if in_one is not None:
        return in_one
    if not exchange.flag("x-ms-documentdb-query-enablecrosspartition") and not pages.prefix:
        raise bad_request(NO_CROSS_PARTITION)
    if not is_streamable(prepared.query):
        raise _not_servable(prepared)
    return pages.from_all()


def read_feed(exchange: Exchange) -> Response:
    """GET docs: one page of all documents, or of the change feed."""
    if exchange.header("a-im"):
        return read_changes(exchange)
    pages = _pages(exchange, _prepare(exchange.container(), EVERYTHING))
    in_one = _in_one_partition(pages, None)
    return pages.from_all() if in_one is None else in_one


def _prepare(container: Container, asked: QueryBody) -> PreparedQuery:
    policy = container.properties["indexingPolicy"]
    prepared = PreparedQuery(parse_query(asked.text), asked.parameters, asked.resume, policy, container.computed)
    values = [[name, to_portable(value)] for name, value in asked.parameters.items()]
    prepared.identity = (asked.text, orjson.dumps(values))
    check_order(prepared.query, policy)
    return prepared


def _pages(exchange: Exchange, prepared: PreparedQuery) -> QueryPage:
    executor = exchange.executor()
    exchange.check_consistency()
    page = Page(page_size(exchange), RESPONSE_LIMIT)
    return QueryPage(exchange, executor, prepared, page, read_token(exchange.header("x-ms-continuation")))


def _in_one_partition(pages: QueryPage, pinned: bytes | None) -> Response | None:
    """The page from the partition that the headers or the condition name; None where they name none."""
    exchange, container = pages.exchange, pages.executor.container
    header, range_id = exchange.header(KEY_HEADER), exchange.header(RANGE_HEADER)
    key, whole = container.read_prefix(header) if header is not None else (pinned, True)
    if key is not None and not whole:
        pages.narrow(container.effective(key))
        key = None
    if range_id is not None:
        return pages.from_one(container.partition_by_id(range_id), key if header is not None else None)
    return None if key is None else pages.from_one(container.partition_of(key), key)


def _pinned_by_condition(pages: QueryPage, asked: QueryBody) -> bytes | None:
    """The partition key that the condition requires. The service does not use it for aggregates without VALUE."""
    query = pages.prepared.query
    if query.aggregated and not query.value:
        return None
    return pinned_key(query, asked.parameters, pages.executor.container.key_paths)


def _not_servable(prepared: PreparedQuery) -> CosmosError:
    """400/1004. Its body has the plan, which tells some clients that they need one. A query that has no plan gets its
    error when the client asks for the plan."""
    error = CosmosError(400, NOT_SERVABLE, 1004)
    with suppress(CosmosError):
        plan = build_plan(prepared.query, prepared, [WHOLE], None)
        error.details = {"additionalErrorInfo": orjson.dumps(plan).decode()}
    return error
