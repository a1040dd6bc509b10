"""What one call of the writer has settled, told in short so that the next call can go on from it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result
from outlast.models import Totals

MAX_RUNS = 100
"""A cursor is small; a container has as many runs as ranges, as a rule."""
Runs = Sequence[Sequence[int]]
"""Neighbouring documents, as the first one's number and the number behind the last."""


@dataclass(frozen=True, slots=True)
class Written:
    """`settled`: how many documents from the first on are written or refused; `ahead`: which of those behind are, so
    that they are not sent again. `refused` and totals are what this call has settled, wherever it lies; request units,
    throttling and sends are of everything that was sent."""

    settled: int
    ahead: tuple[tuple[int, int], ...]
    refused: list[tuple[StagedDocument, Result]]
    totals: Totals

    def left(self) -> tuple[tuple[int, int], ...]:
        """`ahead` by the numbers that documents have when the settled ones are taken away."""
        return tuple((first - self.settled, behind - self.settled) for first, behind in self.ahead)


def numbers_in(runs: Runs) -> Iterator[int]:
    for first, behind in runs:
        yield from range(first, behind)


def runs_of(numbers: Iterable[int]) -> tuple[int, tuple[tuple[int, int], ...]]:
    """How many numbers from 0 on are there, and the runs behind, the first of them; `numbers` come in order."""
    runs: list[tuple[int, int]] = [(0, 0)]
    for number in numbers:
        if number == runs[-1][1]:
            runs[-1] = (runs[-1][0], number + 1)
        elif len(runs) > MAX_RUNS:
            break
        else:
            runs.append((number, number + 1))
    return runs[0][1], tuple(runs[1:])
