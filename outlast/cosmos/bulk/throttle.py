"""When a partition queue may send its next batch, and how large the batch is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from outlast.cosmos.bulk.limits import Limits, Stop
from outlast.cosmos.bulk.partition_queue import PartitionQueue

LONGEST_REST = 2.0
"""Seconds for which a call that can send nothing holds its slot. One that must wait longer ends."""
NAP = 1.0
"""Seconds after which a resting worker looks whether the others rest, too."""


@dataclass(slots=True, kw_only=True)
class Throttle:
    """`workers` counts the workers of the call, `resting` holds the times until which some of them must wait."""

    limits: Limits
    stop: Stop
    sleep: Callable[[float], Awaitable[None]]
    workers: int = 0
    resting: list[float] = field(default_factory=list)

    async def admit(self, queue: PartitionQueue) -> bool:
        """Wait until the queue may send. Return False when it has nothing to send or the call has stopped."""
        while queue.waiting and not self.stop.reached():
            if wait := self._wait(queue):
                await self._rest(wait)
                continue
            await self.limits.check()
            if queue.waiting and not self.stop.reached() and not self._wait(queue):
                return True
        return False

    async def _rest(self, wait: float) -> None:
        """Sleep for a while, or stop the call when every worker must wait for longer than LONGEST_REST."""
        now = self.limits.deadline.clock()
        until = now + wait
        self.resting.append(until)
        try:
            if len(self.resting) == self.workers and min(self.resting) - now > LONGEST_REST:
                self.stop.pause(min(self.resting) - now)
            else:
                await self.sleep(min(wait, NAP, self.limits.deadline.remaining()))
        finally:
            self.resting.remove(until)

    def batch_size(self, queue: PartitionQueue) -> int:
        """Return how many operations the next batch has at most."""
        controller, bucket = queue.controller, self.limits.bucket
        most = controller.batch()
        return min(most, bucket.batch(controller.per_operation)) if bucket else most

    def _wait(self, queue: PartitionQueue) -> float:
        bucket = self.limits.bucket
        return max(queue.controller.wait(), bucket.wait() if bucket else 0.0)
