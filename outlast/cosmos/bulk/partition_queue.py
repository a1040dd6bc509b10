"""The documents that wait for one partition: a stretch of the hash space with request units of its own."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from outlast.cosmos.bulk.rate_controller import RateController
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Target

TARGET_BYTES = 220_201
"""Bytes of a request's body at most, as in the other official SDKs. Source: azure-sdk-for-java,
`BatchRequestResponseConstants`."""


@dataclass(slots=True)
class PartitionQueue:
    """`waiting` holds numbers of documents by target; `workers` are those that send at the moment."""

    controller: RateController
    documents: Sequence[StagedDocument]
    waiting: dict[Target, deque[int]] = field(default_factory=dict)
    workers: int = 0

    def take(self, most: int) -> tuple[Target, list[int]]:
        """Take the next documents that may share a request, with `most` operations.

        One that is larger than TARGET_BYTES or takes more operations goes alone.
        """
        target, numbers = next(iter(self.waiting.items()))
        batch = [numbers.popleft() for _ in range(min(most, len(numbers)))]
        sizes = [len(self.documents[number].body) for number in batch]
        operations = [self.documents[number].operations for number in batch]
        if sum(sizes) > TARGET_BYTES or sum(operations) > most:
            fit = max(1, min(_fitting(sizes, TARGET_BYTES), _fitting(operations, most)))
            numbers.extendleft(reversed(batch[fit:]))
            del batch[fit:]
        if not numbers:
            del self.waiting[target]
        return target, batch

    def put_back(self, target: Target, numbers: Iterable[int]) -> None:
        """Return documents to the front, in their order, so that what was sent first is acknowledged first."""
        if numbers := list(numbers):
            self.waiting.setdefault(target, deque()).extendleft(reversed(numbers))

    def empty(self) -> list[int]:
        """Take every waiting document, to be distributed again."""
        numbers = sorted(number for queue in self.waiting.values() for number in queue)
        self.waiting.clear()
        return numbers


def _fitting(sizes: Sequence[int], most: int) -> int:
    """How many of the first have together at most this size."""
    return bisect_right(list(accumulate(sizes)), most)
