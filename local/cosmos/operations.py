"""What each kind of item operation does to a partition, and what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from local.cosmos import charges, documents, patching
from local.cosmos.errors import CosmosError, bad_request, conflict, not_found, precondition_failed
from local.cosmos.parsing import MISSING_ID
from local.cosmos.partitions import Partition, Record
from local.cosmos.query.in_memory import condition_holds
from local.cosmos.replicas import View
from local.cosmos.rids import etag_of
from local.cosmos.transaction import Transaction
from local.cosmos.unique_keys import check_unique

FAILED_CHARGE = 1.0  # a failed operation costs the read of the document


@dataclass(slots=True)
class Operation:
    """One item operation as the client asks for it."""

    kind: str
    key: bytes
    id: str | None = None
    body: Any = None
    if_match: str | None = None
    if_none_match: str | None = None
    session_lsn: int | None = None
    """A replica that has this write may answer a read; None means that the partition itself has to."""


@dataclass(slots=True)
class Outcome:
    """The result of one item operation."""

    status: int
    charge: float
    record: Record | None = None


def perform(tx: Transaction, partition: Partition, op: Operation) -> Outcome:
    """Does one operation; raises CosmosError, and then changes nothing."""
    return _KINDS[op.kind](tx, partition, op)


def read(view: View, op: Operation) -> Outcome:
    """Reads the document that a partition or a replica has; raises CosmosError."""
    found = view.get(op.key, _id_of(op))
    if found is None:
        raise _charged(not_found())
    status = 304 if op.if_none_match in {"*", etag_of(found.lsn, found.ts, found.number)} else 200
    return Outcome(status, charges.read(len(found.body)), found)


def _create(tx: Transaction, partition: Partition, op: Operation) -> Outcome:
    id_ = documents.check_document(tx.container, op.body, op.key)
    if partition.get(op.key, id_) is not None:
        raise _charged(conflict())
    return _write(tx, partition, op, id_, None)


def _upsert(tx: Transaction, partition: Partition, op: Operation) -> Outcome:
    id_ = documents.check_document(tx.container, op.body, op.key)
    before = partition.get(op.key, id_)
    if before is not None and (op.if_match or op.if_none_match):
        _check_etag(op, before)
    return _write(tx, partition, op, id_, before)


def _replace(tx: Transaction, partition: Partition, op: Operation) -> Outcome:
    """Replaces a document. A body with another id renames it."""
    before = _existing(partition, op)
    id_ = documents.check_document(tx.container, op.body, op.key)
    if id_ == op.id:
        return _write(tx, partition, op, id_, before)
    if partition.get(op.key, id_) is not None:
        raise _charged(conflict())
    body = documents.encode(op.body)
    _check_unique(tx, partition, op.key, op.body, _id_of(op), id_)
    record = tx.rename(partition, _id_of(op), id_, body, before)
    return Outcome(200, charges.replace(len(body), tx.container.count_terms(op.body)), record)


def _delete(tx: Transaction, partition: Partition, op: Operation) -> Outcome:
    before = _existing(partition, op)
    tx.remove(partition, _id_of(op), before)
    return Outcome(204, charges.delete(len(before.body)))


def _patch(tx: Transaction, partition: Partition, op: Operation) -> Outcome:
    before = _existing(partition, op)
    patch = patching.read_patch(op.body, tx.container.key_paths)
    document: dict[str, Any] = orjson.loads(before.body)
    if patch.condition is not None and not condition_holds(patch.condition, documents.render(tx.container, before)):
        raise _charged(precondition_failed())
    patching.apply(document, patch.operations)
    body = documents.encode(document)
    _check_unique(tx, partition, op.key, document, _id_of(op))
    record = tx.put(partition, _id_of(op), op.key, body, before)
    charge = charges.patch(len(body), tx.container.count_terms(document), len(patch.operations))
    return Outcome(200, charge, record)


def _write(tx: Transaction, partition: Partition, op: Operation, id_: str, before: Record | None) -> Outcome:
    body = documents.encode(op.body)
    terms = tx.container.count_terms(op.body)
    _check_unique(tx, partition, op.key, op.body, id_)
    record = tx.put(partition, id_, op.key, body, before)
    if before is None:
        return Outcome(201, charges.create(len(body), terms), record)
    return Outcome(200, charges.replace(len(body), terms), record)


def _check_unique(tx: Transaction, partition: Partition, key: bytes, document: Any, *ids: str) -> None:
    if tx.container.unique_keys:
        try:
            check_unique(tx.container.unique_keys, partition, key, document, *ids)
        except CosmosError as error:
            raise _charged(error) from None


def _existing(partition: Partition, op: Operation) -> Record:
    """The document to change; raises 404 where it is missing, and 412 where its ETag is not the required one."""
    before = partition.get(op.key, _id_of(op))
    if before is None:
        raise _charged(not_found())
    _check_etag(op, before)
    return before


def _check_etag(op: Operation, before: Record) -> None:
    if not (op.if_match or op.if_none_match):
        return
    etag = etag_of(before.lsn, before.ts, before.number)
    if op.if_match and op.if_match not in {"*", etag}:
        raise _charged(precondition_failed())
    if op.if_none_match and op.if_none_match in {"*", etag}:
        raise _charged(precondition_failed())


def _id_of(op: Operation) -> str:
    if not isinstance(op.id, str) or not op.id:
        raise bad_request(MISSING_ID)
    return op.id


def _charged(error: CosmosError) -> CosmosError:
    error.charge = FAILED_CHARGE
    return error


_KINDS: dict[str, Callable[[Transaction, Partition, Operation], Outcome]] = {
    "create": _create,
    "upsert": _upsert,
    "replace": _replace,
    "read": lambda tx, partition, op: read(partition, op),
    "delete": _delete,
    "patch": _patch,
}
