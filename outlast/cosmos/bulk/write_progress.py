"""How far one call of the writer got, short enough for the cursor from which the next call goes on."""

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
    """How far one call got. A document is acknowledged when the database has written or refused it."""

    acknowledged: int
    """Documents from the first on that are acknowledged, up to the first that is not."""
    ahead: tuple[tuple[int, int], ...]
    """Ranges of acknowledged documents behind that one. The next call does not send them again."""
    refused: list[tuple[StagedDocument, Result]]
    """Documents that this call found refused, wherever they lie."""
    totals: Totals
    """Documents and bytes that this call acknowledged. Request units, throttling and sends count all that was sent."""

    def next_ahead(self) -> tuple[tuple[int, int], ...]:
        """Return `ahead` as the next call numbers the documents, without the first `acknowledged` ones."""
        return tuple((first - self.acknowledged, behind - self.acknowledged) for first, behind in self.ahead)


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
