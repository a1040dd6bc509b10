"""What one call of the writer has settled, told in short so that the next call can go on from it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result
from outlast.models import Totals

MAX_RANGES = 100
"""A cursor must be small. There are usually as many ranges of numbers as partition key ranges in the container."""
NumberRanges = Sequence[Sequence[int]]
"""Neighbouring documents, as the number of the first and the number behind the last."""


@dataclass(frozen=True, slots=True)
class WriteProgress:
    """`settled`: how many documents from the first on are written or refused; `ahead`: which of those behind are, so
    that they are not sent again. `refused` and totals are what this call has settled, wherever it lies; request units,
    throttling and sends are of everything that was sent."""

    settled: int
    ahead: tuple[tuple[int, int], ...]
    refused: list[tuple[StagedDocument, Result]]
    totals: Totals

    def next_ahead(self) -> tuple[tuple[int, int], ...]:
        """`ahead` by the numbers that documents have when the settled ones are taken away."""
        return tuple((first - self.settled, behind - self.settled) for first, behind in self.ahead)


def numbers_in(ranges: NumberRanges) -> Iterator[int]:
    for first, behind in ranges:
        yield from range(first, behind)


def ranges_of(numbers: Iterable[int]) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return how many numbers from 0 on are present, and the first MAX_RANGES ranges behind. `numbers` are sorted."""
    ranges: list[tuple[int, int]] = [(0, 0)]
    for number in numbers:
        if number == ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], number + 1)
        elif len(ranges) > MAX_RANGES:
            break
        else:
            ranges.append((number, number + 1))
    return ranges[0][1], tuple(ranges[1:])
