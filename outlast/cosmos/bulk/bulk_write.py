"""One call of the writer: each partition queue is sent by a few workers, until all is acknowledged or time is over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from outlast.cosmos.bulk.outcome import Next, classify, is_stale
from outlast.cosmos.bulk.partition_queue import PartitionQueue
from outlast.cosmos.bulk.router import Router
from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.cosmos.bulk.transport import CONNECTION_LOST, OK, Result, Route, Target, Transport
from outlast.cosmos.bulk.write_progress import WriteCounts
from outlast.deadline import Deadline
from outlast.errors import Transient

AT_ONCE = 4
"""Workers of a queue. It begins with one; when batches have ramped_up, each answer without a fault adds one."""
ATTEMPTS = 6
"""Answers lost one after another (408, 449, 5xx, no connection) before the chunk's activity is retried as a whole."""
Split = tuple[list[int], Result | None]
"""The documents to send again, and a fault of the service where there was one."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What all calls of the process share. `jitter` returns a number from 0 to 1; `gate` bounds requests in flight."""

    transport: Transport
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    gate: asyncio.Semaphore


@dataclass(frozen=True, slots=True)
class Limits:
    """What stops or slows one call. `check` is awaited before each request and stops the call by raising."""

    deadline: Deadline
    check: Callable[[], Awaitable[None]]
    bucket: TokenBucket | None = None


@dataclass(slots=True)
class BulkWrite:
    sender: Sender
    limits: Limits
    router: Router
    counts: WriteCounts = field(default_factory=WriteCounts)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    failed: BaseException | None = None

    async def go(self) -> None:
        """Write until every document is acknowledged or the deadline has passed; then nothing is in flight."""
        if self.router.documents and not self.limits.deadline.passed():
            await self._follow_route(None)
        try:
            while self.tasks:
                await asyncio.wait(set(self.tasks), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in self.tasks:
                task.cancel()
        if self.failed is not None:
            raise self.failed

    async def _follow_route(self, stale: Route | None) -> None:
        """Distribute what waits by another route than the stale one."""
        route = await self._find_route(stale)
        if route is None:
            return
        self.router.follow(route)
        for queue in self.router.queues.values():
            if not queue.workers:
                self._spawn(queue)

    async def _find_route(self, stale: Route | None) -> Route | None:
        lost = 0
        while not self._over():
            found = await self.sender.transport.route(self.router.container, stale)
            if not isinstance(found, Result):
                return found
            classify(found, self.router.container)
            lost += 1
            await self._back_off(lost, found)
        return None

    def _spawn(self, queue: PartitionQueue) -> None:
        """Add a worker where documents wait."""
        if queue.waiting and queue.workers < AT_ONCE and not self._over():
            queue.workers += 1
            task = asyncio.create_task(self._work(queue))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def _over(self) -> bool:
        return self.failed is not None or self.limits.deadline.passed()

    async def _work(self, queue: PartitionQueue) -> None:
        try:
            await self._send_queue(queue)
        except BaseException as error:  # noqa: BLE001  # raised by `go` when the others have ended too
            self.failed = self.failed or error
        finally:
            queue.workers -= 1
        self._spawn(queue)

    async def _send_queue(self, queue: PartitionQueue) -> None:
        lost = 0
        while await self._may_send(queue):
            route = self.router.route
            target, batch = queue.take(self._batch_size(queue))
            again, fault = await self._send_batch(queue, target, batch)
            queue.put_back(target, again)
            lost = lost + 1 if fault else 0
            if fault:
                await self._back_off(lost, fault)
                if is_stale(fault):
                    await self._follow_route(route)
            elif not again and queue.rate.ramped_up:
                self._spawn(queue)

    async def _may_send(self, queue: PartitionQueue) -> bool:
        """Wait for the queue's turn; return whether there is something to send."""
        while queue.waiting and not self._over():
            if wait := self._wait(queue):
                await self.sender.sleep(min(wait, self.limits.deadline.remaining()))
                continue
            await self.limits.check()
            if queue.waiting and not self._over() and not self._wait(queue):
                return True
        return False

    def _wait(self, queue: PartitionQueue) -> float:
        bucket = self.limits.bucket
        return max(queue.rate.wait(), bucket.wait() if bucket else 0.0)

    def _batch_size(self, queue: PartitionQueue) -> int:
        most, bucket = queue.rate.batch(), self.limits.bucket
        return min(most, bucket.batch(queue.rate.per_operation)) if bucket else most

    async def _send_batch(self, queue: PartitionQueue, target: Target, batch: list[int]) -> Split:
        async with self.sender.gate:
            if self._over():
                return batch, None
            results = await self._send(queue, target, batch)
        if all(result.status in OK for result in results):
            self.counts.results.update(zip(batch, results, strict=True))
            return [], None
        verdicts = [classify(result, self.router.container) for result in results]
        if len(batch) > 1 and all(verdict is Next.REFUSE for verdict in verdicts):
            return await self._divide(queue, target, batch)
        return self._sort_out(batch, results, verdicts)

    def _sort_out(self, batch: list[int], results: list[Result], verdicts: list[Next]) -> Split:
        """Keep the results that are final."""
        again, fault = [], None
        for number, result, verdict in zip(batch, results, verdicts, strict=True):
            if verdict is Next.WRITTEN or verdict is Next.REFUSE:
                self.counts.results[number] = result
                continue
            again.append(number)
            if verdict is Next.LOST and (fault is None or is_stale(result)):
                fault = result
        if len(again) == len(batch) and all(verdict is Next.AGAIN for verdict in verdicts):
            fault = results[0]
        return again, fault

    async def _divide(self, queue: PartitionQueue, target: Target, batch: list[int]) -> Split:
        """An answer that refuses all documents may be due to a single one: find it by halves."""
        middle = len(batch) // 2
        again, fault = [], None
        for half in (batch[:middle], batch[middle:]):
            if self._over():
                again += half
                continue
            rest, failed = await self._send_batch(queue, target, half)
            again, fault = again + rest, failed or fault
        return again, fault

    async def _send(self, queue: PartitionQueue, target: Target, batch: list[int]) -> list[Result]:
        """Send one request. An answer that does not come in time counts as lost, because the activity must end."""
        expected = self._spend(queue.rate.sent(len(batch)))
        self.counts.sends += 1
        documents = [self.router.documents[number] for number in batch]
        try:
            async with asyncio.timeout(self.limits.deadline.remaining() + self.limits.deadline.grace):
                results = await self.sender.transport.send(self.router.container, target, documents)
        except TimeoutError:
            results = [Result(CONNECTION_LOST, message="no answer in time")] * len(batch)
        except BaseException:  # the call is given up; the rate, which others share, must not wait for its answer
            queue.rate.answered(expected, 0.0, 0, None)
            raise
        self._learn(queue, expected, results)
        return results

    def _learn(self, queue: PartitionQueue, expected: float, results: list[Result]) -> None:
        charge = sum([result.charge for result in results])
        waits = [result.retry_after for result in results if result.status == 429]
        written = sum([result.status in OK for result in results])
        self._spend(charge - expected)
        queue.rate.answered(expected, charge, written, max(waits) if waits else None)
        self.counts.ru += charge
        self.counts.throttled += len(waits)

    def _spend(self, units: float) -> float:
        if self.limits.bucket:
            self.limits.bucket.spend(units)
        return units

    async def _back_off(self, lost: int, fault: Result) -> None:
        if lost >= ATTEMPTS:
            container = self.router.container
            raise Transient(f"the database answered {fault.status} {lost} times for {container}: {fault.message}")
        pause = 0.1 * 2**lost * (0.5 + self.sender.jitter())
        await self.sender.sleep(min(pause, self.limits.deadline.remaining()))
