"""Generations in the containers of the fake transport."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from outlast.cosmos.snapshots.header import RUN, Edit, Header
from outlast.report import Report
from tests.fakes.transport import FakeTransport


@dataclass(slots=True)
class FakeSnapshots:
    """`before_write`, called between reading and writing a header, is the place for a change that comes between;
    `when_done`, after a header was written or documents were removed, for an answer that is lost. One look finds at
    most `found` documents."""

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
        while True:
            before = await self.header(report)
            after = edit(before)
            if after is None or after == before:
                return before
            await asyncio.sleep(0)
            self.before_write()
            now = await self.header(report)
            if (now and now.etag) == (before and before.etag):
                self.writes += 1
                self.headers[report.name] = replace(after, etag=str(self.writes))
                self.when_done()
                return self.headers[report.name]

    async def remove(self, report: Report[Any], run: str) -> int:
        self.when_removing()
        documents = self.transport.documents(report.container)
        keys = [key for key, document in documents.items() if document.get(RUN) == run][: self.found]
        for key in keys:
            del documents[key]
        self.when_done()
        return len(keys)
