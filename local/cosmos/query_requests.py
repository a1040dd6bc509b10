"""Requests that query documents: with a plan or without, in one partition key, one range, or over all of them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from local.cosmos import batch_requests, charges
from local.cosmos.documents import render
from local.cosmos.errors import CosmosError, bad_request, format_charge, not_implemented
from local.cosmos.exchange import KEY_HEADER, RANGE_HEADER, Exchange, session_token
from local.cosmos.executor import Executor
from local.cosmos.messages import Response
from local.cosmos.nesting import NESTING_LIMIT, depth
from local.cosmos.parsing import parse, read_key
from local.cosmos.partitions import Partition, Record
from local.cosmos.query import read_query
from local.cosmos.query.parser import parse_query
from local.cosmos.query.plan import FIRST, WHOLE, build_plan, check_order, is_streamable, pinned_key
from local.cosmos.query.prepared import INVALID_TOKEN, Page, PreparedQuery, Remembered, Source, Token, portable
from local.cosmos.state import Container

DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
EVERYTHING = "SELECT * FROM root"
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
    """POST docs: how the client is to spread a query."""
    text, parameters = read_query(parse(exchange.request.body))
    container = exchange.container()
    prepared = _prepare(container, text, parameters)
    query = prepared.query
    key = pinned_key(query, parameters, container.key_path)
    ranges = [WHOLE if query.alias else FIRST]
    if key is not None:
        point = container.effective(key)
        ranges = [{"min": point, "max": point, "isMinInclusive": True, "isMaxInclusive": True}]
    features = set((exchange.header("x-ms-cosmos-supported-query-features") or "").replace(" ", "").split(","))
    body = orjson.dumps(build_plan(query, prepared, ranges, features))
    return Response(200, {"x-ms-request-charge": "0"}, body)


def query(exchange: Exchange) -> Response:
    """POST docs: a page of a query."""
    text, parameters = read_query(parse(exchange.request.body))
    return _serve(exchange, _prepare(exchange.container(), text, parameters), parameters)


def read_feed(exchange: Exchange) -> Response:
    """GET docs: a page of all documents."""
    if exchange.header("a-im"):
        raise not_implemented("the change feed")
    return _serve(exchange, _prepare(exchange.container(), EVERYTHING, {}), {}, feed=True)


def _prepare(container: Container, text: str, parameters: dict[str, Any]) -> PreparedQuery:
    prepared = PreparedQuery(parse_query(text), parameters)
    prepared.identity = (text, orjson.dumps([[name, portable(value)] for name, value in parameters.items()]))
    check_order(prepared.query, container.properties["indexingPolicy"])
    return prepared


def _serve(exchange: Exchange, prepared: PreparedQuery, parameters: dict[str, Any], *, feed: bool = False) -> Response:
    executor = exchange.executor()
    exchange.check_consistency()
    page = Page(page_size(exchange), batch_requests.RESPONSE_LIMIT)
    token = _read_token(exchange.header("x-ms-continuation"))
    key, range_id = exchange.header(KEY_HEADER), exchange.header(RANGE_HEADER)
    if range_id is not None:
        partition = executor.container.partition_by_id(range_id)
        wanted = read_key(key) if key is not None else None
        return _in_one(exchange, executor, prepared, partition, wanted, token, page)
    pinned = read_key(key) if key is not None else pinned_key(prepared.query, parameters, executor.container.key_path)
    if pinned is not None:
        partition = executor.container.partition_of(pinned)
        return _in_one(exchange, executor, prepared, partition, pinned, token, page)
    if not feed and not exchange.flag("x-ms-documentdb-query-enablecrosspartition"):
        raise bad_request(NO_CROSS_PARTITION)
    if not is_streamable(prepared.query):
        raise _not_servable(prepared)
    return _over_all(exchange, executor, prepared, token, page)


def _not_servable(prepared: PreparedQuery) -> CosmosError:
    """400/1004; its body carries the plan, by which some clients know that they need one."""
    error = CosmosError(400, NOT_SERVABLE, 1004)
    error.details = {"additionalErrorInfo": orjson.dumps(build_plan(prepared.query, prepared, [WHOLE], None)).decode()}
    return error


def _in_one(
    exchange: Exchange,
    executor: Executor,
    prepared: PreparedQuery,
    partition: Partition,
    key: bytes | None,
    token: Token,
    page: Page,
) -> Response:
    """A page from one physical partition."""
    exchange.check_session(partition)
    sources = _sources(exchange, prepared, executor.container, partition, key)
    scope = (partition.id, partition.lsn, key, exchange.header("x-ms-start-epk"), exchange.header("x-ms-end-epk"))
    remembered = partial(executor.container.sorted_rows.get, (*prepared.identity, *scope))
    charge, following = _run(executor, prepared, partition, sources, token, page, remembered)
    return _answer(exchange, executor, page, charge, following, [partition])


def _over_all(exchange: Exchange, executor: Executor, prepared: PreparedQuery, token: Token, page: Page) -> Response:
    """A page from all partitions, one after the other."""
    position = Position.read(token)
    charge = 0.0
    visited: list[Partition] = []
    partitions = executor.container.partitions if prepared.query.alias else executor.container.partitions[:1]
    for partition in [p for p in partitions if p.high > position.low]:
        after = position.after(partition)
        if page.full or (visited and partition.budget.wait_ms(executor.now)):
            return _answer(exchange, executor, page, charge, position.at(partition, after), visited)
        exchange.check_session(partition)
        sources = _sources(exchange, prepared, executor.container, partition, None)
        start: Token = {"after": after} if after else {}
        spent, following = _run(executor, prepared, partition, sources, start, page, lambda make: make())
        charge += spent
        visited.append(partition)
        if following is not None:
            return _answer(exchange, executor, page, charge, position.at(partition, following["after"]), visited)
    return _answer(exchange, executor, page, charge, None, visited)


@dataclass(slots=True)
class Position:
    """How far a query over all partitions has come: everything below `low` is done, and up to each bound of `starts`
    the documents up to a number. Bounds instead of range ids, because ranges may split before the next page."""

    low: str
    starts: list[tuple[str, int]]

    @classmethod
    def read(cls, token: Token) -> "Position":
        """From a continuation token, or the beginning."""
        if not token:
            return cls("", [])
        try:
            return cls(str(token["low"]), [(str(bound), int(after)) for bound, after in token["starts"]])
        except (KeyError, TypeError, ValueError):
            raise bad_request(INVALID_TOKEN) from None

    def after(self, partition: Partition) -> int:
        """The number after which to go on in a partition."""
        return next((after for bound, after in self.starts if partition.low < bound), 0)

    def at(self, partition: Partition, after: int) -> Token:
        """The token that goes on in a partition after a document."""
        later = [[bound, number] for bound, number in self.starts if bound > partition.high]
        return {"low": partition.low, "starts": [[partition.high, after], *later]}


def _run(
    executor: Executor,
    prepared: PreparedQuery,
    partition: Partition,
    sources: Callable[[int], Iterable[Source]],
    token: Token,
    page: Page,
    remembered: Remembered,
) -> tuple[float, Token | None]:
    executor.admit(partition)
    read_before = page.read
    following = prepared.run(sources, token, page, remembered)
    charge = charges.query(page.read - read_before)
    executor.account_for(partition, "query", 200, charge)
    return charge, following


def _sources(
    exchange: Exchange, prepared: PreparedQuery, container: Container, partition: Partition, key: bytes | None
) -> Callable[[int], Iterable[Source]]:
    """The documents of a partition that the request is about, from a number on; one empty one without FROM."""
    if not prepared.query.alias:
        return lambda after: [] if after else [Source(1, 0, lambda: b"{}")]
    low, high = exchange.header("x-ms-start-epk"), exchange.header("x-ms-end-epk")

    def sources(after: int) -> Iterator[Source]:
        records: Iterable[Record] = partition.scan(after) if key is None else partition.scan_key(key, after)
        for record in records:
            if (low is None or container.effective(record.key) >= low) and (
                high is None or container.effective(record.key) < high
            ):
                yield Source(record.number, len(record.body), partial(render, container, record))

    return sources


def _answer(
    exchange: Exchange,
    executor: Executor,
    page: Page,
    charge: float,
    following: Token | None,
    partitions: list[Partition],
) -> Response:
    headers = {"x-ms-request-charge": format_charge(charge), "x-ms-item-count": str(len(page.rows))}
    if following is not None:
        headers["x-ms-continuation"] = _write_token(following)
    head = b'{"_rid":"%b","Documents":[' % executor.container.rid.encode()
    body = head + b",".join(page.rows) + b'],"_count":%d}' % len(page.rows)
    response = exchange.answer(executor, partitions[0] if len(partitions) == 1 else None, Response(200, headers, body))
    headers["x-ms-session-token"] = ",".join(session_token(p) for p in partitions)
    return response


def page_size(exchange: Exchange) -> int:
    """How many rows an answer may have."""
    text = exchange.header("x-ms-max-item-count")
    if text is None:
        return DEFAULT_PAGE
    try:
        size = int(text)
    except ValueError:
        raise bad_request(f"The header x-ms-max-item-count is not a number: {text}") from None
    if size == 0 or size < -1:
        raise bad_request("The header x-ms-max-item-count has to be -1 or more than 0.")
    return LARGEST_PAGE if size == -1 else size


def _write_token(token: Token) -> str:
    """A continuation in plain ASCII, as a header carries it."""
    return json.dumps(token, separators=(",", ":"))


def _read_token(text: str | None) -> Token:
    if not text:
        return {}
    try:
        token = orjson.loads(text)
    except orjson.JSONDecodeError:
        token = None
    if not isinstance(token, dict) or not _is_token(token):
        raise bad_request(INVALID_TOKEN)
    return token


def _is_token(token: Token) -> bool:
    numbers = [token.get(name) for name in ("after", "skip", "left", "number")]
    keys = token.get("keys", [])
    if depth(token) > NESTING_LIMIT + 3:
        return False
    return (
        all(number is None or (type(number) is int and number >= 0) for number in numbers)
        and ("number" in token) == ("keys" in token)
        and isinstance(keys, list)
        and all(isinstance(key, list) and len(key) <= 1 for key in keys)
        and isinstance(token.get("starts", []), list)
    )
