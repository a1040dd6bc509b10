"""When a partition queue may send its next batch, and how large the batch is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from outlast.cosmos.bulk.limits import Limits, Stop
from outlast.cosmos.bulk.partition_queue import PartitionQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    limits: Limits
    stop: Stop
    sleep: Callable[[float], Awaitable[None]]

    async def admit(self, queue: PartitionQueue) -> bool:
        """Wait until the queue may send. Return False when it has nothing to send or the call has stopped."""
        while queue.waiting and not self.stop.reached():
            if wait := self._wait(queue):
                await self.sleep(min(wait, self.limits.deadline.remaining()))
                continue
            await self.limits.check()
            if queue.waiting and not self.stop.reached() and not self._wait(queue):
                return True
        return False

    def batch_size(self, queue: PartitionQueue) -> int:
        """Return how many operations the next batch has at most."""
        controller, bucket = queue.controller, self.limits.bucket
        most = controller.batch()
        return min(most, bucket.batch(controller.per_operation)) if bucket else most

    def _wait(self, queue: PartitionQueue) -> float:
        bucket = self.limits.bucket
        return max(queue.controller.wait(), bucket.wait() if bucket else 0.0)
