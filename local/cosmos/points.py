"""Requests for single documents, and for all documents of a partition key."""

from local.cosmos import batches, bodies
from local.cosmos.context import KEY_HEADER, RANGE_HEADER, Context
from local.cosmos.errors import CosmosError, bad_request, format_charge
from local.cosmos.messages import Response
from local.cosmos.operations import Operation, Outcome
from local.cosmos.partitions import Partition
from local.cosmos.serving import Serving

NO_KEY = (
    "Partition key provided either doesn't correspond to definition in the collection or doesn't match partition key "
    "field values specified in the document."
)


def write_item(context: Context) -> Response:
    """POST docs: create or upsert."""
    upsert = context.flag("x-ms-documentdb-is-upsert")
    return _single(context, "upsert" if upsert else "create", None, bodies.parse(context.request.body))


def replace_item(context: Context) -> Response:
    """PUT."""
    return _single(context, "replace", context.document_id, bodies.parse(context.request.body))


def patch_item(context: Context) -> Response:
    """PATCH."""
    return _single(context, "patch", context.document_id, bodies.parse(context.request.body))


def read_item(context: Context) -> Response:
    """GET."""
    return _single(context, "read", context.document_id, None)


def delete_item(context: Context) -> Response:
    """DELETE."""
    return _single(context, "delete", context.document_id, None)


def batch(context: Context) -> Response:
    """POST docs with operations: transactional on a partition key, or bulk on a range."""
    serving = context.serving()
    if context.flag("x-ms-cosmos-batch-atomic"):
        key = key_from_header(context)
        partition = serving.container.partition_of(key)
        return context.answer(serving, partition, batches.transactional(serving, partition, key, context.request))
    range_id = context.header(RANGE_HEADER)
    if range_id is None:
        raise bad_request(f"A bulk request needs the header {RANGE_HEADER}.")
    partition = serving.container.partition_by_id(range_id)
    return context.answer(serving, partition, batches.bulk(serving, partition, context.request))


def delete_partition(context: Context) -> Response:
    """POST operations/partitionkeydelete: every document of one partition key."""
    key = key_from_header(context)
    serving = context.serving()
    partition = serving.container.partition_of(key)
    charge = 0.0
    for id_ in list(partition.groups.get(key, {})):
        charge += serving.run(partition, Operation("delete", key, id_)).charge
    return context.answer(serving, partition, Response(200, {"x-ms-request-charge": format_charge(charge)}))


def key_from_header(context: Context) -> bytes:
    """The partition key that the request names."""
    text = context.header(KEY_HEADER)
    if text is None:
        raise bad_request(NO_KEY, 1001)
    return batches.read_key(text)


def _single(context: Context, kind: str, id_: str | None, body: object) -> Response:
    if len(context.request.body) > batches.REQUEST_LIMIT:
        raise CosmosError(413, "Request size is too large")
    if context.header("x-ms-documentdb-pre-trigger-include") or context.header("x-ms-documentdb-post-trigger-include"):
        raise bad_request("The trigger does not exist: the emulator has no triggers.")
    if kind == "read":
        context.check_consistency()
    key = key_from_header(context)
    serving = context.serving()
    partition = serving.container.partition_of(key)
    context.check_session(partition)
    op = Operation(kind, key, id_, body, context.header("if-match"), context.header("if-none-match"))
    if kind == "create" and op.if_none_match == "*":
        op.if_none_match = None  # a create refuses what exists anyway, with 409
    outcome = serving.run(partition, op)
    return context.answer(serving, partition, _response(context, serving, partition, kind, outcome))


def _response(context: Context, serving: Serving, partition: Partition, kind: str, outcome: Outcome) -> Response:
    headers = {"x-ms-request-charge": format_charge(outcome.charge)}
    record = outcome.record
    if record is None:
        return Response(outcome.status, headers)
    headers["etag"] = context.etag(record.lsn, record.ts)
    minimal = kind != "read" and context.header("prefer") == batches.MINIMAL
    if minimal or outcome.status == 304:
        return Response(outcome.status, headers)
    return Response(outcome.status, headers, bodies.render(serving.container, record))
