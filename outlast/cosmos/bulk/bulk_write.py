"""One call of the writer: documents are distributed to queues, and each queue is sent by a few workers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from outlast.cosmos.bulk.outcome import Next, classify, is_stale
from outlast.cosmos.bulk.partition_queue import PartitionQueue
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.cosmos.bulk.transport import CONNECTION_LOST, WRITTEN, Result, Route, Target
from outlast.cosmos.bulk.write_progress import ProgressRecorder
from outlast.deadline import Deadline
from outlast.errors import Transient

if TYPE_CHECKING:
    from outlast.cosmos.bulk.writer import Writer

AT_ONCE = 4
"""Workers of a queue. It begins with one; when batches have grown, each answer without a fault adds one."""
ATTEMPTS = 6
"""Answers lost one after another (408, 449, 5xx, no connection) before the chunk's activity is retried as a whole."""


@dataclass(slots=True)
class BulkWrite:
    writer: "Writer"
    container: str
    documents: Sequence[StagedDocument]
    deadline: Deadline
    check: Callable[[], Awaitable[None]]
    recorder: ProgressRecorder
    bucket: TokenBucket | None = None
    route: Route | None = None
    queues: dict[str, PartitionQueue] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    failed: BaseException | None = None

    async def run(self) -> None:
        """Until every document is acknowledged or the deadline has passed; nothing is in flight any more."""
        if self.documents and not self.deadline.passed():
            await self._follow(None)
        try:
            while self.tasks:
                await asyncio.wait(set(self.tasks), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in self.tasks:
                task.cancel()
        if self.failed is not None:
            raise self.failed

    async def _follow(self, stale: Route | None) -> None:
        """Distribute what waits by another route than the stale one."""
        route = await self._find_route(stale)
        if route is None:
            return
        numbers = self._recall() if self.route else self.recorder.pending()
        self.route = route
        targets = route.targets([self.documents[number] for number in numbers])
        waiting: dict[Target, deque[int]] = {target: self._waiting(target) for target in dict.fromkeys(targets)}
        for number, target in zip(numbers, targets, strict=True):
            waiting[target].append(number)
        for queue in self.queues.values():
            if not queue.workers:
                self._spawn(queue)

    def _waiting(self, target: Target) -> deque[int]:
        if target.partition not in self.queues:
            self.queues[target.partition] = PartitionQueue(
                self.writer.controllers.get(self.container, target.partition), self.documents
            )
        return self.queues[target.partition].waiting.setdefault(target, deque())

    async def _find_route(self, stale: Route | None) -> Route | None:
        lost = 0
        while not self._over():
            found = await self.writer.transport.route(self.container, stale)
            if not isinstance(found, Result):
                return found
            classify(found, self.container)
            lost += 1
            await self._back_off(lost, found)
        return None

    def _recall(self) -> list[int]:
        return sorted(number for queue in self.queues.values() for number in queue.empty())

    def _spawn(self, queue: PartitionQueue) -> None:
        """Add a worker where there is work."""
        if queue.waiting and queue.workers < AT_ONCE and not self._over():
            queue.workers += 1
            task = asyncio.create_task(self._work(queue))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def _over(self) -> bool:
        return self.failed is not None or self.deadline.passed()

    async def _work(self, queue: PartitionQueue) -> None:
        lost = 0
        try:
            while await self._may_send(queue):
                route = self.route
                target, batch = queue.take(self._batch(queue))
                again, fault = await self._write_batch(queue, target, batch)
                queue.put_back(target, again)
                lost = lost + 1 if fault else 0
                if fault:
                    await self._back_off(lost, fault)
                    if is_stale(fault):
                        await self._follow(route)
                elif not again and queue.controller.ramped_up:
                    self._spawn(queue)
        except BaseException as error:  # noqa: BLE001  # raised by `go` when the others have ended too
            self.failed = self.failed or error
        finally:
            queue.workers -= 1
        self._spawn(queue)

    async def _may_send(self, queue: PartitionQueue) -> bool:
        """Wait for the queue's turn; tell whether there is something to send."""
        while queue.waiting and not self._over():
            if wait := self._wait(queue):
                await self.writer.sleep(min(wait, self.deadline.remaining()))
                continue
            await self.check()
            if queue.waiting and not self._over() and not self._wait(queue):
                return True
        return False

    def _wait(self, queue: PartitionQueue) -> float:
        return max(queue.controller.wait(), self.bucket.wait() if self.bucket else 0.0)

    def _batch(self, queue: PartitionQueue) -> int:
        most = queue.controller.batch()
        return min(most, self.bucket.batch(queue.controller.per_operation)) if self.bucket else most

    async def _write_batch(
        self, queue: PartitionQueue, target: Target, batch: list[int]
    ) -> tuple[list[int], Result | None]:
        """Send; return what is to be sent again, and a fault that came from the service."""
        async with self.writer.gate:
            if self._over():
                return batch, None
            results = await self._send(queue, target, batch)
        if all(result.status in WRITTEN for result in results):
            self.recorder.acknowledge(batch, results)
            return [], None
        verdicts = [classify(result, self.container) for result in results]
        if len(batch) > 1 and all(verdict is Next.REFUSE for verdict in verdicts):
            return await self._divide(queue, target, batch)
        again, fault = [], None
        for number, result, verdict in zip(batch, results, verdicts, strict=True):
            if verdict is Next.WRITTEN or verdict is Next.REFUSE:
                self.recorder.acknowledge([number], [result])
                continue
            again.append(number)
            if verdict is Next.LOST and (fault is None or is_stale(result)):
                fault = result
        if len(again) == len(batch) and all(verdict is Next.AGAIN for verdict in verdicts):
            fault = results[0]
        return again, fault

    async def _divide(self, queue: PartitionQueue, target: Target, batch: list[int]) -> tuple[list[int], Result | None]:
        """An answer that refuses all may stand for one that is bad: find it."""
        middle = len(batch) // 2
        again, fault = [], None
        for half in (batch[:middle], batch[middle:]):
            if self._over():
                again += half
                continue
            rest, failed = await self._write_batch(queue, target, half)
            again, fault = again + rest, failed or fault
        return again, fault

    async def _send(self, queue: PartitionQueue, target: Target, batch: list[int]) -> list[Result]:
        """Send, and take an answer that does not come in time for a lost one: the activity must end all the same."""
        expected = self._spend(queue.controller.sent(len(batch)))
        try:
            async with asyncio.timeout(self.deadline.remaining() + self.deadline.grace):
                results = await self.writer.transport.send(self.container, target, [self.documents[i] for i in batch])
        except TimeoutError:
            results = [Result(CONNECTION_LOST, message="no answer in time")] * len(batch)
        except BaseException:  # the call is cancelled: others share the controller, so it must not wait for this answer
            queue.controller.answered(expected, 0.0, 0, None)
            raise
        charge = sum([result.charge for result in results])
        waits = [result.retry_after for result in results if result.status == 429]
        written = sum([result.status in WRITTEN for result in results])
        self._spend(charge - expected)
        queue.controller.answered(expected, charge, written, max(waits) if waits else None)
        self.recorder.count(charge, len(waits))
        return results

    def _spend(self, units: float) -> float:
        if self.bucket:
            self.bucket.spend(units)
        return units

    async def _back_off(self, lost: int, fault: Result) -> None:
        if lost >= ATTEMPTS:
            raise Transient(f"the database answered {fault.status} {lost} times for {self.container}: {fault.message}")
        await self.writer.sleep(min(0.1 * 2**lost * (0.5 + self.writer.jitter()), self.deadline.remaining()))
