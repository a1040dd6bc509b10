"""Requests for single documents, and for all documents of a partition key."""

from local.cosmos import batch_requests, documents
from local.cosmos.errors import CosmosError, bad_request, format_charge, not_implemented
from local.cosmos.exchange import KEY_HEADER, RANGE_HEADER, Exchange
from local.cosmos.executor import Executor
from local.cosmos.messages import Response
from local.cosmos.operations import Operation, Outcome
from local.cosmos.parsing import WRONG_KEY, parse
from local.cosmos.partitions import Partition
from local.cosmos.rids import etag_of

NOT_INDEXED = ("exclude", "1")
"""The directive as the JavaScript client sends it, and as the Python client does."""


def write_item(exchange: Exchange) -> Response:
    """POST docs: creates or upserts."""
    upsert = exchange.flag("x-ms-documentdb-is-upsert")
    return _single(exchange, "upsert" if upsert else "create", None, parse(exchange.request.body))


def replace_item(exchange: Exchange) -> Response:
    """PUT docs/ID."""
    return _single(exchange, "replace", exchange.document_id, parse(exchange.request.body))


def patch_item(exchange: Exchange) -> Response:
    """PATCH docs/ID."""
    return _single(exchange, "patch", exchange.document_id, parse(exchange.request.body))


def read_item(exchange: Exchange) -> Response:
    """GET docs/ID."""
    return _single(exchange, "read", exchange.document_id, None)


def delete_item(exchange: Exchange) -> Response:
    """DELETE docs/ID."""
    return _single(exchange, "delete", exchange.document_id, None)


def batch(exchange: Exchange) -> Response:
    """POST docs with operations: transactional for a partition key, bulk for a range."""
    executor = exchange.executor()
    if exchange.flag("x-ms-cosmos-batch-atomic"):
        key = key_from_header(exchange)
        partition = executor.container.partition_of(key)
        return exchange.answer(
            executor, partition, batch_requests.transactional(executor, partition, key, exchange.request)
        )
    range_id = exchange.header(RANGE_HEADER)
    if range_id is None:
        raise bad_request(f"A bulk request needs the header {RANGE_HEADER}.")
    partition = executor.container.partition_by_id(range_id)
    return exchange.answer(executor, partition, batch_requests.bulk(executor, partition, exchange.request))


def delete_partition(exchange: Exchange) -> Response:
    """POST operations/partitionkeydelete: deletes all documents of one partition key."""
    key = key_from_header(exchange)
    executor = exchange.executor()
    partition = executor.container.partition_of(key)
    charge = 0.0
    for id_ in list(partition.groups.get(key, {})):
        charge += executor.run(partition, Operation("delete", key, id_)).charge
    return exchange.answer(executor, partition, Response(200, {"x-ms-request-charge": format_charge(charge)}))


def key_from_header(exchange: Exchange) -> bytes:
    """The partition key that the request names; raises 400/1001 where it is missing."""
    text = exchange.header(KEY_HEADER)
    if text is None:
        raise bad_request(WRONG_KEY, 1001)
    return exchange.container().read_key(text)


def _single(exchange: Exchange, kind: str, id_: str | None, body: object) -> Response:
    if len(exchange.request.body) > batch_requests.REQUEST_LIMIT:
        raise CosmosError(413, "Request size is too large")
    if exchange.header("x-ms-documentdb-pre-trigger-include") or exchange.header(
        "x-ms-documentdb-post-trigger-include"
    ):
        raise bad_request("The trigger does not exist: the emulator has no triggers.")
    if (exchange.header("x-ms-indexing-directive") or "").lower() in NOT_INDEXED:
        raise not_implemented("the indexing directive Exclude")
    if kind == "read":
        exchange.check_consistency()
    key = key_from_header(exchange)
    executor = exchange.executor()
    partition = executor.container.partition_of(key)
    named = exchange.check_session(partition)
    op = Operation(kind, key, id_, body, exchange.header("if-match"), exchange.header("if-none-match"))
    if kind == "create" and op.if_none_match == "*":
        op.if_none_match = None  # a create refuses an existing document with 409 in any case
    op.session_lsn = named if kind == "read" else None
    outcome = executor.run(partition, op)
    response = _response(exchange, executor, partition, kind, outcome)
    return exchange.answer(executor, executor.replica or partition, response)


def _response(exchange: Exchange, executor: Executor, partition: Partition, kind: str, outcome: Outcome) -> Response:
    headers = {"x-ms-request-charge": format_charge(outcome.charge)}
    record = outcome.record
    if record is None:
        return Response(outcome.status, headers)
    headers["etag"] = etag_of(record.lsn, record.ts, record.number)
    minimal = kind != "read" and exchange.header("prefer") == batch_requests.MINIMAL
    if minimal or outcome.status == 304:
        return Response(outcome.status, headers)
    return Response(outcome.status, headers, documents.render(executor.container, record))
