"""The documents and rejects of one part. Of two rows with one document the later wins."""

from dataclasses import dataclass, field

from outlast.cosmos.bulk.staged_document import StagedDocument, join_staged
from outlast.generating.row_generator import AnyRow, Documents, Key
from outlast.models import Totals
from outlast.staging.document_keys import encode_keys
from outlast.staging.rejects import Reject, encode_rejects

ROW_BYTES = 500
"""Memory that a document or a reject takes beside its own text, about."""
GOLDEN = 39
"""The golden section of the 64 values of the hash space's first byte: neighbouring chunks begin far apart."""

MOST_LISTED = 10_000
"""Rejects that a part lists. The others are only counted."""


@dataclass(slots=True)
class PartContents:
    """`size` is the memory that it takes, in bytes.

    `left` counts the documents that each row still has. `unlisted` are the numbers of rejects that are only counted.
    """

    documents: Documents = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    fields: dict[int, list[str]] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    unlisted: list[int] = field(default_factory=list)
    duplicates: int = 0
    size: int = 0

    @property
    def rejected(self) -> int:
        return len(self.rejects) + len(self.unlisted)

    def add(self, row: AnyRow, documents: Documents) -> None:
        self.left[row.number] = len(documents)
        self.fields[row.number] = row.fields
        for key, document in documents.items():
            if earlier := self.documents.pop(key, None):
                self._replace(earlier, key, row.number)
            self.documents[key] = document
            self.size += len(document.body) + ROW_BYTES

    def refuse(self, reject: Reject) -> None:
        if len(self.rejects) >= MOST_LISTED:
            self.unlisted.append(reject.row)
            return
        self.rejects.append(reject)
        self.size += sum(map(len, reject.fields)) + ROW_BYTES

    def _replace(self, earlier: StagedDocument, key: Key, later: int) -> None:
        """A row that has no document left is a reject."""
        self.left[earlier.row] -= 1
        if not self.left[earlier.row]:
            self.duplicates += 1
            text = f"row {later} has the same id and partition key, and the later row wins: {key[1][:100]}"
            self.refuse(Reject(earlier.row, "id", "duplicate", text, self.fields[earlier.row]))

    def staged(self, chunk: int, rows: int) -> tuple[bytes, bytes, bytes | None, Totals]:
        """Documents, their keys and rejects as they are staged, and the totals of `rows` rows.

        Documents are in the order of the hash space, because neighbours there share requests. Each chunk begins
        elsewhere in it, or all lanes would meet at one physical partition after another.
        """
        begin = b"%02X" % (chunk * GOLDEN % 64)
        documents = sorted(
            self.documents.values(),
            key=lambda one: (one.effective_partition_key < begin, one.effective_partition_key, one.row),
        )
        size = sum(len(one.body) for one in documents)
        totals = Totals(
            rows=rows, rejected=self.rejected, documents=len(documents), bytes=size, duplicates=self.duplicates
        )
        keys = encode_keys((one.effective_partition_key, key[1], one.row) for key, one in self.documents.items())
        return join_staged(documents), keys, encode_rejects([*self.rejects, *self._not_listed()]) or None, totals

    def _not_listed(self) -> list[Reject]:
        """A line that counts the rejects that are not listed, at the number of the first."""
        if not self.unlisted:
            return []
        text = f"this row and {len(self.unlisted) - 1:,} others after it were rejected and are not listed"
        return [Reject(min(self.unlisted), "", "not_listed", text, [])]
