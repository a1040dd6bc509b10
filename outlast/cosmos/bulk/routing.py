"""Which documents wait in which partition queue, by the newest route."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.back_off import BackOff
from outlast.cosmos.bulk.limits import Stop
from outlast.cosmos.bulk.outcome import classify
from outlast.cosmos.bulk.partition_queue import PartitionQueue
from outlast.cosmos.bulk.rate_controller import RateController
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result, Route, Target, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFinder:
    """Asks the database for the route to a container until it answers."""

    container: str
    transport: Transport
    back_off: BackOff
    stop: Stop

    async def find(self, stale: Route | None) -> Route | None:
        """Return a route other than the stale one, None when the call stops first."""
        lost = 0
        while not self.stop.reached():
            found = await self.transport.route(self.container, stale)
            if not isinstance(found, Result):
                return found
            classify(found, self.container)
            lost += 1
            await self.back_off.wait(lost, found)
        return None


@dataclass(slots=True, kw_only=True)
class Router:
    """Distributes documents to one queue for each partition."""

    documents: Sequence[StagedDocument]
    pending: Sequence[int]
    """Numbers of the documents to write."""
    finder: RouteFinder
    controller_for: Callable[[str], RateController]
    queues: dict[str, PartitionQueue] = field(default_factory=dict)
    route: Route | None = None

    async def distribute(self, stale: Route | None = None) -> None:
        """Queue all pending documents; with a stale route, queue again by a newer one those that still wait."""
        route = await self.finder.find(stale)
        if route is None:
            return
        numbers = self._recall() if self.route else self.pending
        self.route = route
        targets = route.targets([self.documents[number] for number in numbers])
        waiting = {target: self._waiting(target) for target in dict.fromkeys(targets)}
        for number, target in zip(numbers, targets, strict=True):
            waiting[target].append(number)

    def _waiting(self, target: Target) -> deque[int]:
        if target.partition not in self.queues:
            controller = self.controller_for(target.partition)
            self.queues[target.partition] = PartitionQueue(controller, self.documents)
        return self.queues[target.partition].waiting.setdefault(target, deque())

    def _recall(self) -> list[int]:
        return sorted(number for queue in self.queues.values() for number in queue.empty())
