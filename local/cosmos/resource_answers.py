"""Bodies and responses of requests for resources that are not documents."""

from typing import Any

import orjson

from local.cosmos import charges
from local.cosmos.errors import bad_request, format_charge, precondition_failed
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.nesting import NESTING_LIMIT, depth, too_deep
from local.cosmos.paging import page_size
from local.cosmos.parsing import parse, whole
from local.cosmos.query.in_memory import run_on_documents
from local.cosmos.query.rows import INVALID_TOKEN


def read_object(exchange: Exchange) -> dict[str, Any]:
    """The JSON object of a body; raises 400."""
    body = parse(exchange.request.body)
    if not isinstance(body, dict):
        raise bad_request("The request body has to be a JSON object.")
    if depth(body) > NESTING_LIMIT:
        raise too_deep()
    return body


def feed(exchange: Exchange, rid: str, name: str, entries: list[dict[str, Any]]) -> Response:
    """A page of resources. A POST filters them with its query."""
    if exchange.request.method == "POST":
        entries = run_on_documents(read_object(exchange), entries)
    text, size = exchange.header("x-ms-continuation"), page_size(exchange)
    start = whole(text) if text else 0
    if start is None:
        raise bad_request(INVALID_TOKEN)
    page, end = entries[start : start + size], start + size
    headers = {"x-ms-continuation": str(end)} if end < len(entries) else {}
    return answer(200, {"_rid": rid, name: page, "_count": len(page)}, headers=headers)


def check_etag(exchange: Exchange, properties: dict[str, Any]) -> None:
    """Raises 412 where a change is for another version of the resource than it has."""
    wanted, unwanted = exchange.header("if-match"), exchange.header("if-none-match")
    if wanted and wanted not in {"*", properties["_etag"]}:
        raise precondition_failed()
    if unwanted and unwanted in {"*", properties["_etag"]}:
        raise precondition_failed()


def answer_read(exchange: Exchange, properties: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """The answer to a read: 200, or 304 where the client has this version."""
    response = answer(200, properties, headers=headers)
    if exchange.header("if-none-match") not in {"*", properties["_etag"]}:
        return response
    return Response(304, response.headers)


def answer(
    status: int, body: Any, charge: float = charges.METADATA_READ, headers: dict[str, str] | None = None
) -> Response:
    """A response with its charge and ETag."""
    headers = {"x-ms-request-charge": format_charge(charge), **(headers or {})}
    if body is None:
        return Response(status, headers)
    if "_etag" in body:
        headers["etag"] = body["_etag"]
    return Response(status, headers, orjson.dumps(body))
