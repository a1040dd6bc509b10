"""The change feed: the newest version of each document, in the order of the last writes."""

from bisect import bisect_left, bisect_right
from email.utils import parsedate_to_datetime

from local.cosmos import charges
from local.cosmos.batch_requests import RESPONSE_LIMIT
from local.cosmos.documents import render
from local.cosmos.errors import bad_request, format_charge, not_implemented
from local.cosmos.exchange import KEY_HEADER, RANGE_HEADER, Exchange
from local.cosmos.messages import Response
from local.cosmos.paging import page_size
from local.cosmos.partitions import Partition, Record
from local.cosmos.query.rows import Page
from local.cosmos.replicas import View

MODE = "incremental feed"
LONGEST_LSN = 19  # digits


def read_changes(exchange: Exchange) -> Response:
    """GET docs with A-IM: one page of the documents written since the ETag in If-None-Match, since If-Modified-Since,
    or ever; 304 where there is none."""
    if (exchange.header("a-im") or "").lower() != MODE:
        raise not_implemented("the change feed of all versions and deletes (A-IM other than Incremental Feed)")
    executor = exchange.executor()
    partitions, key, prefix = _scope(exchange)
    views = [exchange.view(partition) for partition in partitions]
    newest = max(view.lsn for view in views)
    records = _records(exchange, views, key, prefix)
    start = _start(exchange, records, newest)
    page, end = Page(page_size(exchange), RESPONSE_LIMIT), start
    while end < len(records) and not (page.full and _is_whole(records, end)):
        body = render(executor.container, records[end])
        page.load(len(records[end].body))
        page.add(b'%b,"_lsn":%d}' % (body[:-1], records[end].lsn))
        end += 1
    for partition in partitions:
        executor.admit(partition)
    charge = charges.query(page.read)
    executor.account_for(partitions[0], "query", 200, charge)
    etag = newest if end == len(records) else records[end - 1].lsn
    response = _response(page, executor.container.rid, etag, charge)
    return exchange.answer(executor, views[0] if len(views) == 1 else None, response)


def _is_whole(records: list[Record], end: int) -> bool:
    """Whether the records before an index end with a whole transaction, which a page never divides."""
    return end == 0 or records[end - 1].lsn != records[end].lsn


def _response(page: Page, rid: str, etag: int, charge: float) -> Response:
    headers = {
        "x-ms-request-charge": format_charge(charge),
        "etag": f'"{etag}"',
        "x-ms-item-count": str(len(page.rows)),
    }
    if not page.rows:
        return Response(304, headers)
    head = b'{"_rid":"%b","Documents":[' % rid.encode()
    return Response(200, headers, head + b",".join(page.rows) + b'],"_count":%d}' % len(page.rows))


def _scope(exchange: Exchange) -> tuple[list[Partition], bytes | None, str]:
    """The partitions that the headers name, or all; the partition key; what effective partition keys begin with."""
    container = exchange.container()
    header, range_id = exchange.header(KEY_HEADER), exchange.header(RANGE_HEADER)
    if header is None:
        return ([container.partition_by_id(range_id)] if range_id is not None else container.partitions), None, ""
    key, is_whole = container.read_prefix(header)
    if is_whole:
        return [container.partition_of(key)], key, ""
    return container.partitions, None, container.effective(key)


def _records(exchange: Exchange, views: list[View], key: bytes | None, prefix: str) -> list[Record]:
    """The documents of the scope by LSN. They are kept for the next page, as long as nothing is written."""
    container = exchange.container()
    low, high = exchange.header("x-ms-start-epk"), exchange.header("x-ms-end-epk")
    narrowed = bool(low or high or prefix)

    def make() -> list[Record]:
        found = [one for view in views for one in (view.scan() if key is None else view.scan_key(key))]
        if narrowed:
            found = [one for one in found if _is_within(container.effective(one.key), low, high, prefix)]
        return sorted(found, key=lambda record: record.lsn)

    state = tuple((view.id, view.lsn) for view in views)
    return container.changes.get((state, key, low, high, prefix), make)


def _is_within(effective: str, low: str | None, high: str | None, prefix: str) -> bool:
    return (not low or effective >= low) and (not high or effective < high) and effective.startswith(prefix)


def _start(exchange: Exchange, records: list[Record], newest: int) -> int:
    """The index of the first document of the page."""
    etag, since = exchange.header("if-none-match"), exchange.header("if-modified-since")
    if etag == "*":
        return bisect_right(records, newest, key=lambda record: record.lsn)
    if etag:
        text = etag.strip('"')
        if not (text.isascii() and text.isdecimal() and len(text) < LONGEST_LSN):
            raise bad_request(f"The continuation of the change feed '{etag[:50]}' is malformed.")
        return bisect_right(records, int(text), key=lambda record: record.lsn)
    if not since:
        return 0
    try:
        time = parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        raise bad_request(f"If-Modified-Since '{since[:50]}' is not an RFC 1123 date.") from None
    return bisect_left(records, time, key=lambda record: record.ts)
