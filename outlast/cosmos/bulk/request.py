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
_RESOURCE, _ID = b']","resourceBody":', b']","id":'
_FORMS = {
    "Upsert": (b'{"operationType":"Upsert","minimalReturnPreference":true,"partitionKey":"[', _RESOURCE),
    "Create": (b'{"operationType":"Create","minimalReturnPreference":true,"partitionKey":"[', _RESOURCE),
    "Patch": (b'{"operationType":"Patch","minimalReturnPreference":true,"partitionKey":"[', _ID),
    "Delete": (b'{"operationType":"Delete","partitionKey":"[', _ID),
    "Read": (b'{"operationType":"Read","partitionKey":"[', _ID),
}
"""What stands before the partition key of an operation, and what stands between it and the staged text."""


def headers_for(range_id: str) -> dict[str, str]:
    return {**_HEADERS, "x-ms-documentdb-partitionkeyrangeid": range_id}


def body_of(documents: Sequence[StagedDocument]) -> str:
    """Join the staged texts. Only the partition key is quoted, because it is JSON inside a JSON string.

    The same is to be done with all documents.
    """
    head, middle = _FORMS[documents[0].operation]
    patches = documents[0].operation == "Patch"
    parts: list[bytes] = []
    for document in documents:
        key = document.partition_key
        if b'"' in key:
            key = key.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        for text in document.body.split(b"\t") if patches else (document.body,):
            parts += (head, key, middle, text, b"},")
    parts[-1] = b"}"
    return (b"[" + b"".join(parts) + b"]").decode()


def results_of(answers: Sequence[dict[str, Any]]) -> list[Result]:
    """Return the result of each operation, in their order."""
    return [_result(answer) for answer in answers]


def _result(answer: dict[str, Any]) -> Result:
    status, charge = answer["statusCode"], answer.get("requestCharge") or 0
    if status < 300:
        content = answer.get("resourceBody")
        return _written(status, charge) if content is None else Result(int(status), 0, float(charge), content=content)
    wait = float(answer.get("retryAfterMilliseconds") or 0) / 1000
    return Result(
        int(status), int(answer.get("subStatusCode") or 0), float(charge), wait, str(answer.get("message") or "")
    )


@lru_cache(4096)
def _written(status: int, charge: float) -> Result:
    """Most results are equal, so they are cached."""
    return Result(int(status), charge=float(charge))
