"""The emulator itself: a request in, a response out; no sockets, no tasks, no clock of its own."""

import time
import uuid
from pathlib import Path
from urllib.parse import unquote

from local.cosmos import EMULATOR_KEY
from local.cosmos.auth import Authorizer
from local.cosmos.control_requests import CONTROL, control
from local.cosmos.errors import CosmosError
from local.cosmos.exchange import Exchange
from local.cosmos.faults import Faults, Target
from local.cosmos.journal import Journal, MemoryJournal, SqliteJournal
from local.cosmos.messages import Clock, Request, Response
from local.cosmos.partitions import Partition
from local.cosmos.routes import find
from local.cosmos.state import Account, Container, partitions_for

FILE_NAME = "cosmos.sqlite"
VERSION_HEADERS = {"x-ms-gatewayversion": "2.0.0", "x-ms-serviceversion": "local"}


class Emulator:
    """An account with what surrounds it. In process: `emulator.answer(Request(...))`, then `emulator.flush()`."""

    def __init__(
        self,
        *,
        data_dir: Path | None = None,
        key: str = EMULATOR_KEY,
        clock: Clock = time.time,
        date_clock: Clock = time.time,
        accept_aad: bool = False,
        throttled: bool = True,
    ) -> None:
        self.account = Account()
        self.faults = Faults()
        self.clock = clock
        self.throttled = throttled
        self.paused = False
        self.splits: list[tuple[Container, str, int]] = []  # container, range, total operations at which it splits
        self._authorizer = Authorizer(key, date_clock, accept_aad=accept_aad)
        self.journal: Journal = self._open(data_dir) if data_dir else MemoryJournal()

    def answer(self, request: Request) -> Response:
        """One request answered; what it wrote is in memory, and durable after `flush`."""
        path = request.path.partition("?")[0]
        parts = [unquote(part) for part in path.split("/") if part]
        if parts and parts[0] == CONTROL:
            return control(self, request, parts[1:])
        activity = request.headers.get("x-ms-activity-id") or str(uuid.uuid4())
        exchange = Exchange(self, request, parts, activity, self.clock())
        try:
            self._authorizer.check(request, parts)
            response = self._serve(exchange)
        except CosmosError as error:
            response = error.response(activity)
        return self._finish(exchange, response)

    def flush(self) -> None:
        """Keep everything that was answered."""
        if self.journal.dirty:
            self.journal.keep(self.journal.take())

    def close(self) -> None:
        """Keep what is left and let go of the file."""
        self.flush()
        self.journal.close()

    def set_throughput(self, container: Container, throughput: int) -> None:
        """Change the RU/s; partitions are split until each can carry its share."""
        while len(container.partitions) < partitions_for(throughput):
            container.split(max(container.partitions, key=_width))
        container.set_throughput(throughput)
        self.account.stamp(container.properties, self.clock())
        self.journal.resources_changed()

    def split(self, container: Container, range_id: str) -> list[Partition]:
        """Split a partition now."""
        children = container.split(container.partition_by_id(range_id))
        self.journal.resources_changed()
        return children

    def _serve(self, exchange: Exchange) -> Response:
        handler, kind = find(exchange)
        effect = self.faults.fire(_target(exchange, kind)) if self.faults.rules and kind is not None else None
        if effect is None:
            return handler(exchange)
        exchange.effect = effect
        if effect.when == "before":
            effect.raise_status()
            return handler(exchange)
        response = handler(exchange)
        effect.raise_status()
        return response

    def _finish(self, exchange: Exchange, response: Response) -> Response:
        headers = response.headers
        headers["x-ms-activity-id"] = exchange.activity
        headers.update(VERSION_HEADERS)
        if response.body:
            headers["content-type"] = "application/json"
        work = exchange.work
        if work is not None:
            if work.tx.changes:
                self.journal.changed(work.container, work.tx.changes)
            self._split_due(work.container)
        effect = exchange.whole_effect()
        if effect is not None:
            response.delay, response.reset = effect.delay, effect.reset
        return response

    def _split_due(self, container: Container) -> None:
        for due in [entry for entry in self.splits if entry[0] is container]:
            if sum(container.counts.values()) >= due[2]:
                self.splits.remove(due)
                if any(partition.id == due[1] for partition in container.partitions):  # it may be gone by now
                    self.split(container, due[1])

    def _open(self, data_dir: Path) -> SqliteJournal:
        data_dir.mkdir(parents=True, exist_ok=True)
        journal = SqliteJournal(data_dir / FILE_NAME, self.account)
        journal.load(throttled=self.throttled)
        return journal


def _target(exchange: Exchange, kind: str) -> Target:
    parts = [*exchange.parts, *[None] * 4]
    return Target(parts[1], parts[3], exchange.range_id(), kind)


def _width(partition: Partition) -> float:
    high = 1.0 if partition.high == "FF" else _fraction(partition.high)
    return high - _fraction(partition.low)


def _fraction(bound: str) -> float:
    return int((bound or "0")[:14].ljust(14, "0"), 16) / (0x40 << 48)
