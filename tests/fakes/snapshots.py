"""Generations in the containers of the fake transport, with headers in memory."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.conditional import Conflict, change
from outlast.cosmos.snapshots.header import RUN, Edit, Header, Removed
from outlast.report import Report
from tests.fakes.transport import FakeTransport


@dataclass(slots=True)
class FakeSnapshots:
    """`before_write` is called between reading and writing a header, so that a test can change it there. `when_done` is
    called after a header is written or documents are removed, so that a test can lose the answer. One call of `remove`
    finds at most `found` documents."""

    transport: FakeTransport
    found: int = 50
    headers: dict[str, Header] = field(default_factory=dict)
    writes: int = 0
    before_write: Callable[[], None] = lambda: None
    when_removing: Callable[[], None] = lambda: None
    when_done: Callable[[], None] = lambda: None

    async def header(self, report: Report[Any]) -> Header | None:
        return self.headers.get(report.name)

    async def change(self, report: Report[Any], edit: Edit) -> Header | None:
        async def write(before: Header | None, after: Header) -> Header:
            await asyncio.sleep(0)
            self.before_write()
            now = await self.header(report)
            if (now and now.etag) != (before and before.etag):
                raise Conflict
            return self._write(report, after)

        return await change(read=lambda: self.header(report), edit=edit, write=write)

    def _write(self, report: Report[Any], header: Header) -> Header:
        self.writes += 1
        self.headers[report.name] = replace(header, etag=str(self.writes))
        self.when_done()
        return self.headers[report.name]

    async def count(self, report: Report[Any]) -> tuple[int, float]:
        return len(self.transport.documents(report.container)), 1.0

    async def remove(self, report: Report[Any], run: str, limits: Limits) -> Removed:
        self.when_removing()
        documents = self.transport.documents(report.container)
        keys = [key for key, document in documents.items() if document.get(RUN) == run][: self.found]
        for key in keys:
            del documents[key]
        self.when_done()
        return Removed(len(keys), len(keys))
