import json
from pathlib import Path
from typing import Any

from outlast.cosmos.bulk.request import body_of, headers_for, results_of
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.document import staged

RECORDS = Path(__file__).parents[1] / "records" / "javascript-sdk-4.9.3-bulk.jsonl"
OF_THE_CLIENT = {
    "x-ms-documentdb-query-enablecrosspartition",
    "cache-control",
    "x-ms-version",
    "x-ms-cosmos-sdk-supportedcapabilities",
    "x-ms-cosmos-allow-tentative-writes",
    "content-type",
    "accept",
}
"""Headers that every request of a client carries, whatever it asks for."""


def read_requests() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDS.read_text("utf-8").splitlines()]


def document_of(operation: dict[str, Any]) -> StagedDocument:
    return staged(operation["resourceBody"], ["pk"], 2)


def test_the_headers_are_those_of_the_javascript_sdk() -> None:
    """The headers that make a bulk request have the names and values that were recorded on the wire."""
    for request in read_requests():
        recorded = {name: value for name, value in request["headers"].items() if name not in OF_THE_CLIENT}
        assert headers_for(recorded["x-ms-documentdb-partitionkeyrangeid"]) == recorded


def test_the_operations_are_those_of_the_javascript_sdk() -> None:
    """An upsert equals the recorded one, but for the member that asks for a minimal answer."""
    upserts = [one for request in read_requests() for one in request["body"] if one["operationType"] == "Upsert"]
    made = json.loads(body_of([document_of(operation) for operation in upserts]))
    assert [operation.pop("minimalReturnPreference") for operation in made] == [True] * len(upserts)
    assert made == upserts
    assert len(upserts) >= 8


def test_partition_keys_of_every_kind_are_quoted() -> None:
    """A partition key survives as JSON inside a JSON string, with quotes, backslashes and control characters."""
    keys = ["a", "", 'say "no"', "back\\slash", "tab\t", "é", "\u2028", "\x00", 7, -1.5, True, None]
    documents = [staged({"id": "1", "pk": key}, ["pk"], 2) for key in keys]
    operations = json.loads(body_of(documents))
    assert [json.loads(operation["partitionKey"]) for operation in operations] == [[key] for key in keys]


def test_documents_travel_as_they_were_staged() -> None:
    """The body contains the staged text of a document unchanged."""
    document = StagedDocument(2, b'"a"', b"0F", b'{"id":"1",  "pk":"a","n":1.50}')
    assert document.body.decode() in body_of([document])


def test_each_answer_is_read() -> None:
    """A result has status and charge, and for a failure its substatus, wait and message."""
    written, throttled, refused = results_of(
        [
            {"statusCode": 201, "requestCharge": 5.71, "eTag": '"1"'},
            {"statusCode": 429, "subStatusCode": 3200, "requestCharge": 0, "retryAfterMilliseconds": 34},
            {"statusCode": 400, "message": "no"},
        ]
    )
    assert (written.status, written.charge) == (201, 5.71)
    assert (throttled.status, throttled.substatus, throttled.retry_after) == (429, 3200, 0.034)
    assert (refused.status, refused.message) == (400, "no")
