"""The bulk request of the official SDKs: many independent operations on one partition key range.

Source: requests of @azure/cosmos recorded on the wire; azure-sdk-for-java, `BatchRequestResponseConstants`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result

_HEADERS = {
    "x-ms-cosmos-is-batch-request": "true",
    "x-ms-cosmos-batch-atomic": "false",
    "x-ms-cosmos-batch-continue-on-error": "true",
}
_HEAD = b'{"operationType":"Upsert","minimalReturnPreference":true,"partitionKey":"['
_MIDDLE = b']","resourceBody":'
_DELETE_HEAD = b'{"operationType":"Delete","partitionKey":"['
_DELETE_MIDDLE = b']","id":'


def headers_for(range_id: str) -> dict[str, str]:
    return {**_HEADERS, "x-ms-documentdb-partitionkeyrangeid": range_id}


def body_of(documents: Sequence[StagedDocument]) -> str:
    """Join the staged texts. Only the partition key is quoted, because it is JSON inside a JSON string.

    Either all documents are to be written or all are to be deleted.
    """
    deletes = documents[0].deletes
    head, middle = (_DELETE_HEAD, _DELETE_MIDDLE) if deletes else (_HEAD, _MIDDLE)
    parts: list[bytes] = []
    for document in documents:
        key = document.partition_key
        if b'"' in key:
            key = key.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        parts += (head, key, middle, document.body, b"},")
    parts[-1] = b"}"
    return (b"[" + b"".join(parts) + b"]").decode()


def results_of(answers: Sequence[dict[str, Any]]) -> list[Result]:
    """Return the result of each operation, in their order."""
    return [_result(answer) for answer in answers]


def _result(answer: dict[str, Any]) -> Result:
    status, charge = answer["statusCode"], answer.get("requestCharge") or 0
    if status < 300:
        return _written(status, charge)
    wait = float(answer.get("retryAfterMilliseconds") or 0) / 1000
    return Result(
        int(status), int(answer.get("subStatusCode") or 0), float(charge), wait, str(answer.get("message") or "")
    )


@lru_cache(4096)
def _written(status: int, charge: float) -> Result:
    """Most results are equal, so they are cached."""
    return Result(int(status), charge=float(charge))
