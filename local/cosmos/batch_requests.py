"""Many operations in one request: transactional (all or none) or bulk (each on its own)."""

from typing import Any

import orjson

from local.cosmos import documents
from local.cosmos.errors import CosmosError, bad_request, format_charge, not_implemented, range_gone
from local.cosmos.executor import Executor
from local.cosmos.fast_path import FastPath
from local.cosmos.messages import Request, Response
from local.cosmos.operations import Operation, Outcome
from local.cosmos.parsing import parse
from local.cosmos.partitions import Partition
from local.cosmos.rids import etag_of

OPERATION_LIMIT = 100
REQUEST_LIMIT = 2 * 1024 * 1024
RESPONSE_LIMIT = 4 * 1024 * 1024
MINIMAL = "return=minimal"
HYBRID_ROW = b"\x81"  # the version that begins each row
OPERATION_TYPES = {name.capitalize(): name for name in ("create", "upsert", "read", "replace", "patch", "delete")}


def read_operations(request: Request) -> list[dict[str, Any]]:
    """The operations of a request; raises 400 or 413 where they exceed the limits."""
    if len(request.body) > REQUEST_LIMIT:
        raise CosmosError(413, "Request size is too large")
    if request.body[:1] == HYBRID_ROW:
        raise not_implemented(
            "batches as HybridRow, the binary form in which the .NET client sends TransactionalBatch and "
            "AllowBulkExecution: write the items one by one, or send the batch as JSON with another client"
        )
    operations = parse(request.body)
    if operations == []:
        raise bad_request("Batch request has no operations.")
    if not isinstance(operations, list):
        raise bad_request("A batch request is a JSON array of operations.")
    if len(operations) > OPERATION_LIMIT:
        raise bad_request("Batch request has more operations than what is supported.")
    return operations


def transactional(executor: Executor, partition: Partition, key: bytes, request: Request) -> Response:
    """Does all operations on one logical partition, or none of them."""
    operations = read_operations(request)
    executor.admit(partition)
    executor.tx.atomic = True
    minimal = request.headers.get("prefer") == MINIMAL
    results, charge, size = [], 0.0, 0
    for at, raw in enumerate(operations):
        try:
            op = _operation(raw, key)
            _check_key(executor, raw, key)
            outcome = executor.run_unmetered(partition, op)
            results.append(_success(executor, op, outcome, minimal or bool(raw.get("minimalReturnPreference"))))
            size += len(results[-1])
            if size > RESPONSE_LIMIT:
                raise _too_large(outcome.charge)
        except CosmosError as error:
            executor.tx.undo()
            executor.account_for(partition, "batch", error.status, charge + error.charge)
            return _failed(len(operations), at, error, charge + error.charge)
        charge += outcome.charge
    executor.account_for(partition, "batch", 200, charge)
    return _response(200, charge, results)


def _failed(count: int, at: int, error: CosmosError, charge: float) -> Response:
    """The failed operation keeps its code, and all others get 424."""
    dependent = _failure(CosmosError(424, ""))
    results = [dependent] * count
    results[at] = _failure(error)
    return _response(207, charge, results)


def _response(status: int, charge: float, results: list[bytes]) -> Response:
    return Response(status, {"x-ms-request-charge": format_charge(charge)}, b"[" + b",".join(results) + b"]")


def bulk(executor: Executor, partition: Partition, request: Request) -> Response:
    """Does each operation on its own, all in one partition key range."""
    operations = read_operations(request)
    executor.admit(partition)
    minimal = request.headers.get("prefer") == MINIMAL
    continue_on_error = request.headers.get("x-ms-cosmos-batch-continue-on-error", "false").lower() == "true"
    fast_path = FastPath(executor.tx, partition, minimal)
    fast = fast_path.open and not executor.faults.rules
    results, charge, size, mixed, stopped = [], 0.0, 0, False, False
    for raw in operations:
        result = fast_path.write(raw) if fast and type(raw) is dict and not stopped else None
        if result is None or size + len(result) > RESPONSE_LIMIT:
            try:
                if stopped or result is not None:
                    raise CosmosError(424, "") if stopped else _too_large()
                result, spent = _one_of_bulk(executor, partition, raw, minimal, RESPONSE_LIMIT - size)
                charge += spent
            except CosmosError as error:
                charge += error.charge
                result, mixed, stopped = _failure(error), True, not continue_on_error
        size += len(result)
        results.append(result)
    fast_path.close()
    return _response(207 if mixed else 200, charge + fast_path.charge, results)


def _one_of_bulk(executor: Executor, partition: Partition, raw: Any, minimal: bool, room: int) -> tuple[bytes, float]:
    """The result and charge of one operation; raises CosmosError where it fails or its result exceeds `room` bytes."""
    op = _bulk_operation(executor, partition, raw)
    outcome = executor.run(partition, op)
    result = _success(executor, op, outcome, minimal or bool(raw.get("minimalReturnPreference")))
    if len(result) > room:
        raise _too_large(outcome.charge)
    return result, outcome.charge


def _bulk_operation(executor: Executor, partition: Partition, raw: Any) -> Operation:
    """One operation of a bulk request, under the partition key that it names."""
    text = raw.get("partitionKey") if isinstance(raw, dict) else None
    if not isinstance(text, str):
        raise bad_request("Every bulk operation needs its partitionKey as a JSON string.")
    key = executor.container.read_key(text)
    if key not in partition.groups and not partition.low <= executor.container.effective(key) < partition.high:
        raise range_gone()
    return _operation(raw, key)


def _operation(raw: Any, key: bytes) -> Operation:
    given = raw.get("operationType") if isinstance(raw, dict) else None
    kind = OPERATION_TYPES.get(given) if isinstance(given, str) else None
    if kind is None:
        raise bad_request(
            f"The operationType {given!r} is unknown; it is one of Create, Upsert, Read, Replace, Patch, Delete."
        )
    return Operation(kind, key, raw.get("id"), raw.get("resourceBody"), raw.get("ifMatch"), raw.get("ifNoneMatch"))


def _check_key(executor: Executor, raw: dict[str, Any], key: bytes) -> None:
    given = raw.get("partitionKey")
    if isinstance(given, str) and executor.container.read_key(given) != key:
        raise bad_request(documents.KEY_MISMATCH, 1001)


def _success(executor: Executor, op: Operation, outcome: Outcome, minimal: bool) -> bytes:
    charge = format_charge(outcome.charge).encode()
    record = outcome.record
    if record is None:
        return b'{"statusCode":%d,"requestCharge":%b}' % (outcome.status, charge)
    etag = etag_of(record.lsn, record.ts, record.number)[1:-1].encode()
    head = b'{"statusCode":%d,"requestCharge":%b,"eTag":"\\"%b\\""' % (outcome.status, charge, etag)
    if outcome.status == 304 or (minimal and op.kind != "read"):
        return head + b"}"
    return head + b',"resourceBody":' + documents.render(executor.container, record) + b"}"


def _too_large(charge: float = 0.0) -> CosmosError:
    return CosmosError(413, "The response of the batch is too large.", 3402, charge=charge)


def _failure(error: CosmosError) -> bytes:
    result: dict[str, Any] = {"statusCode": error.status, "requestCharge": round(error.charge, 2)}
    if error.substatus:
        result["subStatusCode"] = error.substatus
    if "x-ms-retry-after-ms" in error.headers:
        result["retryAfterMilliseconds"] = int(error.headers["x-ms-retry-after-ms"])
    if error.message:
        result["message"] = error.message
    return orjson.dumps(result)
