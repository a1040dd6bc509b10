"""One call of the writer: a few workers send the batches of each partition queue."""

import asyncio
from dataclasses import dataclass, field

from outlast.cosmos.bulk.back_off import BackOff
from outlast.cosmos.bulk.batch_writer import BatchWriter
from outlast.cosmos.bulk.limits import Stop
from outlast.cosmos.bulk.outcome import is_stale
from outlast.cosmos.bulk.partition_queue import PartitionQueue
from outlast.cosmos.bulk.routing import Router
from outlast.cosmos.bulk.throttle import Throttle
from outlast.cosmos.bulk.transport import Result, Route

AT_ONCE = 4
"""Workers of a queue at most. It begins with one; once batches have grown, each answer without a fault adds one."""


@dataclass(slots=True, kw_only=True)
class BulkWrite:
    router: Router
    throttle: Throttle
    batches: BatchWriter
    back_off: BackOff
    stop: Stop
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def run(self) -> None:
        """Send until every document is acknowledged or the call has stopped. Returns when nothing is in flight."""
        if self.router.pending and not self.stop.reached():
            await self._distribute(None)
        try:
            while self._tasks:
                await asyncio.wait(set(self._tasks), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in self._tasks:
                task.cancel()
        if self.stop.error is not None:
            raise self.stop.error

    async def _distribute(self, stale: Route | None) -> None:
        await self.router.distribute(stale)
        for queue in self.router.queues.values():
            if not queue.workers:
                self._spawn(queue)

    def _spawn(self, queue: PartitionQueue) -> None:
        """Add a worker if the queue has work for it."""
        if queue.waiting and queue.workers < AT_ONCE and not self.stop.reached():
            queue.workers += 1
            self.throttle.workers += 1
            task = asyncio.create_task(self._work(queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, queue: PartitionQueue) -> None:
        try:
            await self._drain(queue)
        except BaseException as error:  # noqa: BLE001  # `run` raises it when the other workers have ended too
            self.stop.fail(error)
        finally:
            queue.workers -= 1
            self.throttle.workers -= 1
        self._spawn(queue)

    async def _drain(self, queue: PartitionQueue) -> None:
        lost = 0
        while await self.throttle.admit(queue):
            route = self.router.route
            target, batch = queue.take(self.throttle.batch_size(queue))
            again, fault = await self.batches.write(queue.controller, target, batch)
            queue.put_back(target, again)
            lost = lost + 1 if fault else 0
            if fault:
                await self._recover(lost, fault, route)
            elif not again and queue.controller.ramped_up:
                self._spawn(queue)

    async def _recover(self, lost: int, fault: Result, route: Route | None) -> None:
        """Wait after a fault, and distribute again what waits when the route of the batch was stale."""
        await self.back_off.wait(lost, fault)
        if is_stale(fault):
            await self._distribute(route)
