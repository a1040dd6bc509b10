"""Which queue each document waits in, by the route of the container as it was last read."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.partition_queue import PartitionQueue
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Route, Target


@dataclass(slots=True)
class Router:
    """Of one call. `numbers` are the documents to write, by their target in `documents`."""

    container: str
    documents: Sequence[StagedDocument]
    numbers: Sequence[int]
    rates: RateControllers
    route: Route | None = None
    queues: dict[str, PartitionQueue] = field(default_factory=dict)

    def follow(self, route: Route) -> None:
        """Distribute what waits by a newer route; at first, all documents."""
        numbers = self._recall() if self.route else self.numbers
        self.route = route
        targets = route.targets([self.documents[number] for number in numbers])
        waiting: dict[Target, deque[int]] = {target: self._waiting(target) for target in dict.fromkeys(targets)}
        for number, target in zip(numbers, targets, strict=True):
            waiting[target].append(number)

    def _waiting(self, target: Target) -> deque[int]:
        if target.budget not in self.queues:
            rate = self.rates.get(self.container, target.budget)
            self.queues[target.budget] = PartitionQueue(rate, self.documents)
        return self.queues[target.budget].waiting.setdefault(target, deque())

    def _recall(self) -> list[int]:
        return sorted(number for queue in self.queues.values() for number in queue.empty())
