"""How far one call of the writer got, short enough for the cursor from which the next call goes on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import REPLACED, UNCHANGED, WRITTEN, Result
from outlast.models import Totals

MAX_RANGES = 100
"""A cursor must be small. There are usually as many ranges of numbers as partition key ranges in the container."""
Documents = Sequence[StagedDocument]
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
    unchanged: list[StagedDocument]
    """Documents that this call had nothing to do with: they are to be deleted and are not there."""
    totals: Totals
    """Documents and bytes that this call has written or deleted. Request units, throttling and sends count all that was
    sent."""
    unsure: bool = False
    """Whether documents that are not acknowledged may be written or deleted, because an answer was lost or dropped."""
    fault: Exception | None = None
    """What ended the call before its deadline, where it may pass."""
    wait: float = 0.0
    """Seconds before the next call, when this one could only wait or has overdrawn its bucket by so much."""
    pairs: Sequence[tuple[StagedDocument, Result]] = ()
    """Every document that this call found acknowledged, with its result."""

    def next_ahead(self) -> tuple[tuple[int, int], ...]:
        """Return `ahead` as the next call numbers the documents, without the first `acknowledged` ones."""
        return tuple((first - self.acknowledged, behind - self.acknowledged) for first, behind in self.ahead)


@dataclass(slots=True)
class ProgressRecorder:
    """Collects what one call of the writer sends and what the database answers."""

    documents: Sequence[StagedDocument]
    ahead: NumberRanges = ()
    """What earlier calls have acknowledged."""
    sent_before: bool = False
    """Whether any of the documents may have been sent before."""
    unsure: set[int] = field(default_factory=set)
    """Documents whose answer was lost, so that the run itself may have written what their next sending replaces."""
    results: dict[int, Result] = field(default_factory=dict)
    ru: float = 0.0
    throttled: int = 0
    sends: int = 0

    def pending(self) -> Sequence[int]:
        """Return the numbers of the documents that no earlier call has acknowledged."""
        if not self.ahead:
            return range(len(self.documents))
        done = set(numbers_in(self.ahead))
        return [number for number in range(len(self.documents)) if number not in done]

    def count(self, charge: float, throttled: int) -> None:
        """Count one request and its answer."""
        self.ru += charge
        self.throttled += throttled
        self.sends += 1

    def acknowledge(self, numbers: Iterable[int], results: Iterable[Result]) -> None:
        """Keep the results of documents that are written or refused."""
        self.results.update(zip(numbers, results, strict=True))

    def progress(self) -> WriteProgress:
        """Return how far this call got. Results behind the last allowed range are dropped and not counted."""
        acknowledged, ahead = self._reached()
        kept, found = {*range(acknowledged), *numbers_in(ahead)}, self.results
        if len(kept) < len(self.documents):
            found = {number: result for number, result in self.results.items() if number in kept}
        pairs = [(self.documents[number], result) for number, result in found.items()]
        refused = [(document, result) for document, result in pairs if result.status not in WRITTEN]
        unchanged = [self.documents[number] for number in self._surely(UNCHANGED, found)]
        left = [one for one, _ in refused] + unchanged
        totals = self._totals([document for document, _ in pairs], left, len(self._surely(REPLACED, found)))
        unsure = not (self.unsure | self.results.keys()) <= kept
        return WriteProgress(acknowledged, ahead, refused, unchanged, totals, unsure=unsure, pairs=pairs)

    def _reached(self) -> tuple[int, tuple[tuple[int, int], ...]]:
        """See `ranges_of`. Most calls acknowledge all of their documents."""
        if len(self.results) == len(self.documents):
            return len(self.documents), ()
        before = (number for number in numbers_in(self.ahead) if number < len(self.documents))
        return ranges_of(sorted({*self.results, *before}))

    def _surely(self, status: int, found: Mapping[int, Result]) -> list[int]:
        """Return the documents with this status, without those that the run itself may have written or deleted."""
        if self.sent_before:
            return []
        return [number for number, result in found.items() if result.status == status and number not in self.unsure]

    def _totals(self, all_of_them: Documents, left: Documents, replaced: int) -> Totals:
        """`left` are those that were neither written nor deleted."""
        return Totals(
            documents=len(all_of_them) - len(left),
            replaced=replaced,
            bytes=sum([len(one.body) for one in all_of_them]) - sum([len(one.body) for one in left]),
            ru=round(self.ru, 2),
            throttled=self.throttled,
            sends=self.sends,
        )


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
