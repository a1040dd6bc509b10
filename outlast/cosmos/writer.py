"""Writes staged documents as fast as the database takes them, and stops between two requests at the deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.line import Line
from outlast.cosmos.outcome import Next, judge
from outlast.cosmos.pace import Pace, Paces
from outlast.cosmos.transport import CONNECTION_LOST, Result, Transport
from outlast.deadline import Deadline
from outlast.errors import Transient
from outlast.models import Totals

TARGET_BYTES = 220_201
"""Body of one request, as the other official SDKs choose it (azure-sdk-for-java, `BatchRequestResponseConstants`)."""
AT_ONCE = 4
"""Requests in flight for one chunk."""
ATTEMPTS = 6
"""Answers lost one after another (408, 449, 5xx, no connection) before the chunk's activity is retried as a whole."""


@dataclass(frozen=True, slots=True)
class Written:
    """`settled`: how many lines from the first on are written or refused; totals and `refused` are of those alone,
    but for request units, throttling and sends, which are of everything that was sent."""

    settled: int
    refused: list[tuple[Line, Result]]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Writer:
    """`jitter` gives a number from 0 to 1 for the wait after a lost answer."""

    transport: Transport
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    paces: Paces

    async def write(
        self, container: str, lines: Sequence[Line], deadline: Deadline, check: Callable[[], Awaitable[None]]
    ) -> Written:
        """Upsert the lines; `check` is awaited before each request and stops the writing by raising.

        Raises Permanent where the database will refuse every request, Transient when answers stay lost.
        """
        writing = _Writing(self, container, lines, deadline, check)
        ended = await asyncio.gather(*(writing.work() for _ in range(AT_ONCE)), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        return writing.written()


@dataclass(slots=True)
class _Writing:
    """One call of `write`."""

    writer: Writer
    container: str
    lines: Sequence[Line]
    deadline: Deadline
    check: Callable[[], Awaitable[None]]
    taken: int = 0
    failed: bool = False
    results: dict[int, Result] = field(default_factory=dict)
    ru: float = 0.0
    throttled: int = 0
    sends: int = 0

    async def work(self) -> None:
        try:
            while not self._over() and (batch := self._next_batch()):
                await self._settle(batch)
        except BaseException:
            self.failed = True
            raise

    def _over(self) -> bool:
        return self.failed or self.deadline.passed()

    def _next_batch(self) -> list[int]:
        """The next lines of one partition key. They lie together, for a part is staged in that order."""
        batch: list[int] = []
        size = 0
        while self.taken < len(self.lines) and (not batch or len(batch) < self._pace(batch).operations):
            line = self.lines[self.taken]
            size += len(line.document)
            if batch and (size > TARGET_BYTES or line.partition_key != self.lines[batch[0]].partition_key):
                break
            batch.append(self.taken)
            self.taken += 1
        return batch

    async def _settle(self, batch: list[int]) -> None:
        lost = 0
        while batch and await self._may_send(batch):
            results = await self._send(batch)
            if len(batch) > 1 and all(judge(r, self.container) is Next.REFUSE for r in results):
                await self._settle(batch[: len(batch) // 2])
                await self._settle(batch[len(batch) // 2 :])
                return
            sent = batch
            batch, faults = self._take(sent, results)
            if head := self._before_refused(sent, batch):
                await self._settle(head)
                await self._settle(batch[len(head) :])
                return
            if faults:
                lost += 1
                await self._back_off(lost, faults[0])

    def _before_refused(self, sent: list[int], again: list[int]) -> list[int]:
        """What lies before the first document that was refused. It goes alone, so that a call of little time still
        moves the low-water mark, however many documents of the batch are refused after it."""
        refused = next((i for i in sent if i in self.results and self.results[i].status >= 400), 0)
        head = [i for i in again if i < refused]
        return head if len(head) < len(again) else []

    def _pace(self, batch: list[int]) -> Pace:
        return self.writer.paces.of(self.container, self.lines[batch[0]])

    async def _may_send(self, batch: list[int]) -> bool:
        while (wait := self._pace(batch).wait()) and not self._over():
            await self.writer.sleep(min(wait, self.deadline.remaining()))
        if self._over():
            return False
        await self.check()
        return True

    async def _send(self, batch: list[int]) -> list[Result]:
        """Send, and take an answer that does not come in time for a lost one: the activity must end all the same."""
        self.sends += 1
        try:
            async with asyncio.timeout(self.deadline.remaining() + self.deadline.grace):
                results = await self.writer.transport.send(self.container, [self.lines[i] for i in batch])
        except TimeoutError:
            return [Result(CONNECTION_LOST, message="no answer in time")] * len(batch)
        self.ru += sum(result.charge for result in results)
        return results

    def _take(self, batch: list[int], results: list[Result]) -> tuple[list[int], list[Result]]:
        """Keep what is settled; return what must be sent again and the answers that were lost."""
        again, faults, waits = [], [], []
        for index, result in zip(batch, results, strict=True):
            verdict = judge(result, self.container)
            if verdict in (Next.WRITTEN, Next.REFUSE):
                self.results[index] = result
                continue
            again.append(index)
            if verdict is Next.THROTTLED:
                self.throttled += 1
                waits.append(result.retry_after)
            elif verdict is Next.LOST:
                faults.append(result)
        if waits:
            self._pace(batch).throttled(max(waits))
        elif not again:
            self._pace(batch).went_through()
        stuck = len(again) == len(batch) and all(judge(r, self.container) is Next.AGAIN for r in results)
        return again, results[:1] if stuck else faults

    async def _back_off(self, lost: int, fault: Result) -> None:
        if lost >= ATTEMPTS:
            raise Transient(f"the database answered {fault.status} {lost} times for {self.container}: {fault.message}")
        await self.writer.sleep(min(0.1 * 2**lost * (0.5 + self.writer.jitter()), self.deadline.remaining()))

    def written(self) -> Written:
        settled = next((i for i in range(len(self.lines)) if i not in self.results), len(self.lines))
        pairs = [(self.lines[i], self.results[i]) for i in range(settled)]
        refused = [(line, result) for line, result in pairs if result.status >= 400]
        kept = [(line, result) for line, result in pairs if result.status < 400]
        totals = Totals(
            documents=len(kept),
            replaced=sum(result.status == 200 for _, result in kept),
            bytes=sum(len(line.document) for line, _ in kept),
            ru=round(self.ru, 2),
            throttled=self.throttled,
            sends=self.sends,
        )
        return Written(settled, refused, totals)
