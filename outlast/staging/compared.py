"""Compares a staged document with what the database has returned for it."""

from collections.abc import Set
from dataclasses import dataclass

from outlast.cosmos.bulk.staged_document import Deletion, StagedDocument
from outlast.cosmos.bulk.transport import MISSING, REPLACED, Result
from outlast.cosmos.comparing import difference
from outlast.staging.verified import Comparison


@dataclass(frozen=True, slots=True)
class Comparer:
    """`refused` are the rows of which the database has refused a document. What has another content is different only
    where it `compares_content`."""

    compares_content: bool
    refused: Set[int]

    def compare(self, document: StagedDocument, result: Result) -> Comparison:
        """A document that the database has refused may be there or not, as it is or as it was."""
        what, where = self._difference(document, result)
        if what is None:
            return Comparison(documents=1, equal=1)
        is_read = result.status == REPLACED or (result.status, result.substatus) == MISSING
        return Comparison() if is_read and document.row in self.refused else _differing(document, what, where)

    def _difference(self, document: StagedDocument, result: Result) -> tuple[str | None, str]:
        """What is wrong with a document, None where nothing is, and where in it."""
        is_missing = (result.status, result.substatus) == MISSING
        if not is_missing and result.status != REPLACED:
            return "different", f"the database answered {result.status}: {result.message}"
        if isinstance(document, Deletion):
            return (None, "") if is_missing else ("different", "it is still there")
        if is_missing:
            return "missing", ""
        path = difference(document, result.content or {}) if self.compares_content else None
        return (None, "") if path is None else ("different", path)


def _differing(document: StagedDocument, what: str, where: str) -> Comparison:
    key = document.partition_key.decode()
    shown = {"row": document.row, "id": document.id, "partition_key": f"[{key}]", "what": what, "where": where}
    return Comparison(1, 0, int(what == "different"), int(what == "missing"), 0.0, [shown])
