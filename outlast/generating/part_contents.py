"""The documents and rejects of one part."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter

from outlast.cosmos.bulk.staged_document import LINE, StagedDocument
from outlast.generating.row_generator import Documents, Kept
from outlast.models import MIRROR, Totals
from outlast.staging.document_keys import Keyed, encode_keys, encode_named_keys
from outlast.staging.rejects import MOST_LISTED, Reject, encode_rejects, not_listed

ROW_BYTES = 500
"""Memory that a document or a reject takes beside its own text, about."""
GOLDEN = 39
"""The golden section of the 64 values of the hash space's first byte: neighbouring chunks begin far apart."""
_EFFECTIVE, _PLACE = itemgetter(2), itemgetter(2, 0)


@dataclass(slots=True)
class PartContents:
    """`size` is the memory that it takes, in bytes.

    `documents` are those of all rows. `rejected` counts the refused rows, and
    `unlisted` are the numbers of rejects that are only counted.
    """

    documents: list[Kept] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    unlisted: list[int] = field(default_factory=list)
    rejected: int = 0
    size: int = 0

    def add(self, documents: Documents) -> int:
        """Add the documents of a row, and return the bytes of their bodies.

        Whether other rows have made the same ones is seen when all rows are known.
        """
        size = 0
        for document in documents.values():
            self.documents.append(document)
            size += len(document[3])
        self.size += size + ROW_BYTES * len(documents)
        return size

    def refuse(self, reject: Reject) -> None:
        self.rejected += reject.rows
        if len(self.rejects) >= MOST_LISTED:
            self.unlisted.append(reject.row)
            return
        self.rejects.append(reject)
        self.size += sum(map(len, reject.fields)) + ROW_BYTES

    def named(self) -> list[tuple[str, StagedDocument]]:
        """The documents, each with the id that the report gave it."""
        return [(one[-1], StagedDocument(*one[:-1])) for one in self.documents]

    def staged(self, chunk: int, rows: int, mode: str = "upsert") -> tuple[bytes, bytes, bytes | None, Totals]:
        """Documents, their keys and rejects as they are staged, and the totals of `rows` rows.

        Documents are in the order of the hash space, because neighbours there share requests. Each chunk begins
        elsewhere in it, or all lanes would meet at one physical partition after another.
        """
        documents = sorted(self.documents, key=_PLACE)
        begin = bisect_left(documents, b"%02X" % (chunk * GOLDEN % 64), key=_EFFECTIVE)
        documents = documents[begin:] + documents[:begin]
        lines = [LINE % document[:-1] for document in documents]
        size = sum([len(body) for _, _, _, body, _ in documents])
        totals = Totals(rows=rows, rejected=self.rejected, documents=len(documents), bytes=size)
        listed = [*self.rejects, *([not_listed(self.unlisted)] if self.unlisted else [])]
        keyed = _keyed(documents, lines)
        keys = encode_named_keys(list(keyed)) if mode == MIRROR else encode_keys(keyed)
        return b"".join(lines), keys, encode_rejects(listed) or None, totals


def _keyed(documents: Iterable[Kept], lines: Iterable[bytes]) -> Keyed:
    begins = accumulate(map(len, lines), initial=0)
    return (
        (row, begin, name, key, effective, body)
        for (row, key, effective, body, name), begin in zip(documents, begins, strict=False)
    )
