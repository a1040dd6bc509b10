"""Records of documents that are not stored, by columns: Python makes no object for each record and member."""

import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from outlast.staging.resolved import RECORD

NUMBERS = RECORD.size // 4
"""Numbers of 32 bits in a record: chunk, part, offset, and row and other with two each."""


@dataclass(frozen=True, slots=True)
class RecordColumns:
    numbers: "array[int]"

    @classmethod
    def of(cls, data: bytes) -> Self:
        numbers = array("I", data)
        if sys.byteorder == "little":
            numbers.byteswap()
        return cls(numbers)

    def __len__(self) -> int:
        return len(self.numbers) // NUMBERS

    @property
    def parts(self) -> "array[int]":
        return self.numbers[1::NUMBERS]

    @property
    def offsets(self) -> "array[int]":
        return self.numbers[2::NUMBERS]

    @property
    def rows(self) -> Sequence[int]:
        return self._wide(3)

    @property
    def others(self) -> Sequence[int]:
        return self._wide(5)

    def _wide(self, at: int) -> Sequence[int]:
        """A column of 64 bits."""
        high, low = self.numbers[at::NUMBERS], self.numbers[at + 1 :: NUMBERS]
        return [one << 32 | other for one, other in zip(high, low, strict=True)] if any(high) else low


def whole_rows(unchanged: RecordColumns, made_by: Sequence[int]) -> Sequence[int]:
    """The rows of unchanged documents none of whose documents is sent."""
    rows, documents = unchanged.rows, unchanged.others
    if documents.count(1) == len(documents):
        return rows
    count, made = Counter(made_by), dict(zip(rows, documents, strict=True))
    return [row for row, of_row in made.items() if count[row] == of_row]
