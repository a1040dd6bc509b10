"""Documents: checked with the service's codes and texts on the way in, with system properties on the way out."""

from typing import Any

import orjson

from local.cosmos import hashing
from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.expiry import check_ttl
from local.cosmos.nesting import NESTING_LIMIT, depth, too_deep
from local.cosmos.parsing import check_id
from local.cosmos.partitions import Record
from local.cosmos.rids import document_rid, etag_of
from local.cosmos.state import Container

SYSTEM_PROPERTIES = frozenset({"_rid", "_self", "_etag", "_attachments", "_ts"})
ITEM_LIMIT = 2 * 1024 * 1024
KEY_LIMIT = 2048
KEY_MISMATCH = "PartitionKey extracted from document doesn't match the one specified in the header"


def key_of(container: Container, document: dict[str, Any]) -> bytes:
    """The canonical partition key of a document. An object or array counts as missing."""
    if len(container.key_paths) == 1:
        return _level(document, container.key_paths[0])
    return b"".join(_level(document, path) for path in container.key_paths)


def _level(document: dict[str, Any], path: list[str]) -> bytes:
    value: Any = document
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return hashing.UNDEFINED
        value = value[part]
    if isinstance(value, dict | list):
        return hashing.UNDEFINED
    return hashing.canonical(value)


def encode(document: dict[str, Any]) -> bytes:
    """The JSON to store, without system properties; raises 400 or 413 where it exceeds the limits."""
    if not SYSTEM_PROPERTIES.isdisjoint(document):
        for name in SYSTEM_PROPERTIES:
            document.pop(name, None)
    # a copy, because the encoder's bytes keep a buffer of several times their length
    try:
        body = bytes(memoryview(orjson.dumps(document)))
    except orjson.JSONEncodeError:  # deeper than the encoder allows
        raise too_deep() from None
    if len(body) > ITEM_LIMIT:
        raise CosmosError(413, "Request size is too large")
    nested = body.find(b"{", 1) > 0 or body.find(b"[") > 0
    if nested and body.count(b"{") + body.count(b"[") > NESTING_LIMIT and depth(document) > NESTING_LIMIT:
        raise too_deep()
    return body


def check_document(container: Container, document: Any, key: bytes) -> str:
    """The id of a document that may be written under a partition key; raises 400."""
    if not isinstance(document, dict):
        raise bad_request("The input content is invalid: a document has to be a JSON object.")
    id_ = check_id(document.get("id"))
    if key_of(container, document) != key:
        raise bad_request(KEY_MISMATCH, 1001)
    if container.expiry is not None and "ttl" in document:
        check_ttl(document["ttl"], "ttl")
    if len(key) > KEY_LIMIT + 2 * len(container.key_paths):
        raise bad_request(f"The partition key is longer than {KEY_LIMIT} bytes.")
    return id_


def render(container: Container, record: Record) -> bytes:
    """The JSON that a client gets, with system properties."""
    rid = document_rid(container.rid_bytes, record.number)
    tail = b',"_rid":"%b","_self":"%bdocs/%b/","_etag":"%b","_attachments":"attachments/","_ts":%d}'
    etag = etag_of(record.lsn, record.ts, record.number)[1:-1]
    quoted = b'\\"' + etag.encode() + b'\\"'
    return record.body[:-1] + tail % (rid, container.self_link.encode(), rid, quoted, record.ts)
