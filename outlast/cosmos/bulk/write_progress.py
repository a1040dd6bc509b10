"""What one call of the writer has acknowledged, short enough for a cursor from which the next call goes on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import OK, Result
from outlast.models import Totals

MAX_RANGES = 100
"""Ranges that a cursor can hold. A container has as many as it has partition key ranges, as a rule."""
Ranges = Sequence[Sequence[int]]
"""Neighbouring documents, as the number of the first and the number behind the last."""


@dataclass(frozen=True, slots=True)
class WriteProgress:
    """`acknowledged` is how many documents from the first on are written or refused; `ahead` are the ranges behind them
    that are, so that they are not sent again. `refused` and the documents in `totals` are those of this call; request
    units, throttling and sends are of everything that it sent."""

    acknowledged: int
    ahead: tuple[tuple[int, int], ...]
    refused: list[tuple[StagedDocument, Result]]
    totals: Totals

    def left(self) -> tuple[tuple[int, int], ...]:
        """`ahead` by the numbers that documents have when the acknowledged ones are taken away."""
        return tuple((first - self.acknowledged, behind - self.acknowledged) for first, behind in self.ahead)


@dataclass(slots=True)
class WriteCounts:
    """What one call counts while it sends: the final result of each document, and what sending cost."""

    results: dict[int, Result] = field(default_factory=dict)
    ru: float = 0.0
    throttled: int = 0
    sends: int = 0

    def progress(self, documents: Sequence[StagedDocument], ahead: Ranges) -> WriteProgress:
        """Results beyond the ranges that a cursor can hold are dropped; the next call writes them again."""
        before = (number for number in numbers_in(ahead) if number < len(documents))
        acknowledged, after = ranges_of(sorted({*self.results, *before}))
        kept = {*range(acknowledged), *numbers_in(after)}
        pairs = [(documents[number], result) for number, result in self.results.items() if number in kept]
        refused = [(document, result) for document, result in pairs if result.status not in OK]
        return WriteProgress(acknowledged, after, refused, self._totals(pairs, refused))

    def _totals(
        self, pairs: list[tuple[StagedDocument, Result]], refused: list[tuple[StagedDocument, Result]]
    ) -> Totals:
        return Totals(
            documents=len(pairs) - len(refused),
            replaced=sum([result.status == 200 for _, result in pairs]),
            bytes=sum([len(one.document) for one, _ in pairs]) - sum([len(one.document) for one, _ in refused]),
            ru=round(self.ru, 2),
            throttled=self.throttled,
            sends=self.sends,
        )


def numbers_in(ranges: Ranges) -> Iterator[int]:
    for first, behind in ranges:
        yield from range(first, behind)


def ranges_of(numbers: Iterable[int]) -> tuple[int, tuple[tuple[int, int], ...]]:
    """How many numbers from 0 on there are, and the ranges behind them; `numbers` are in order. At most MAX_RANGES."""
    ranges: list[tuple[int, int]] = [(0, 0)]
    for number in numbers:
        if number == ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], number + 1)
        elif len(ranges) > MAX_RANGES:
            break
        else:
            ranges.append((number, number + 1))
    return ranges[0][1], tuple(ranges[1:])
