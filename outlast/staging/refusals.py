"""The rejects of rows whose documents the database refused."""

from collections.abc import Mapping

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import EXISTS, MISSING, Result
from outlast.staging.rejects import Reject

REFUSALS = {
    ("create", EXISTS): ("exists", "there is a document with this id and partition key already: {id}"),
    ("patch", MISSING[0]): ("missing", "there is no document with this id and partition key: {id}"),
}
"""Code and message of the reject of a row, by write mode and status, where the mode says what the status means."""


def code_of(mode: str, result: Result) -> str:
    """The code of the reject of a row whose document the database refused."""
    if (refusal := REFUSALS.get((mode, result.status))) is not None:
        return refusal[0]
    return "too_large" if result.status == 413 else f"database_{result.status}"


def reject_of(mode: str, document: StagedDocument, result: Result, fields: Mapping[int, list[str]]) -> Reject:
    """The reject. `fields` are the input's own columns by row."""
    code, row = code_of(mode, result), document.row
    if (refusal := REFUSALS.get((mode, result.status))) is not None:
        return Reject(row, "id", code, refusal[1].format(id=document.id[:100]), fields.get(row, []))
    message = result.message.splitlines()[0] if result.message else ""
    return Reject(row, "", code, message, fields.get(row, []))
