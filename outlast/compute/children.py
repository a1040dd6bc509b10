"""Runs the reports' own code in child processes, so that a row that never returns costs that row alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from outlast.compute.child import Child, Ended, Late
from outlast.compute.child_pool import ChildPool
from outlast.compute.wire import REFERENCE, ROWS, Frame
from outlast.errors import OutlastError, Permanent, Transient
from outlast.generating.row_window import (
    Limits,
    NoTurn,
    RowsLost,
    RowStopped,
    RowWindow,
    Slice,
    SlicesLost,
    Staged,
    WindowData,
)
from outlast.models import Json, Totals

JOIN_SECONDS = 60.0
MOST_SUSPECTS = 1_000


class ChildFailed(OutlastError):
    """The child could not answer. The text says why."""


@dataclass(slots=True)
class Children:
    """Implements RowCompute with children for every run, and one apart for runs whose code had to be stopped.

    So a run whose rows never return holds up only runs like itself. `row_seconds` is the time that a row may take,
    `most` the number of children for every run.
    """

    app: Path
    row_seconds: float
    most: int = 1
    _pool: ChildPool = field(init=False)
    _apart: Child = field(init=False)
    _suspects: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool, self._apart = ChildPool(self.app, self.most), Child(self.app)

    async def take(self, window: RowWindow, data: WindowData, limits: Limits, patience: float) -> Slice:
        """See RowCompute."""
        child = self._child(window, data)
        try:
            async with _turn(child, patience):
                return await self._take(child, window, data, limits)
        except Late as error:
            self._suspect(window.run)
            if error.row is None:
                raise RowsLost(None, f"no answer within {self.row_seconds:g} s") from None
            raise RowStopped(error.row, self.row_seconds, error.where) from None
        except Ended as error:
            self._suspect(window.run)
            raise RowsLost(error.row, str(error)) from None

    async def join(self, window: RowWindow, chunk: int, slices: Sequence[Slice]) -> Staged:
        """See RowCompute. A child that has made all slices itself does not need them sent."""
        header = {"kind": "join", "key": window.key, "chunk": chunk, "rows": [one.rows for one in slices]}
        header |= {"report": window.report, "makes": window.makes, "mode": window.mode}
        child = self._pool.end(window.key)
        try:
            async with child.turn():
                frame = _checked(await child.ask(header, [], JOIN_SECONDS))
                if frame.header.get("missing"):
                    if not slices[-1].made:
                        raise SlicesLost
                    frame = _checked(await child.ask(header, [one.made for one in slices], JOIN_SECONDS))
        except (Late, Ended) as error:
            raise Transient(f"the process that joins a part's rows had to be replaced: {error}") from None
        documents, *others = frame.payloads
        keys, *rejects = map(bytes, others)
        return Staged(documents, keys, rejects[0] if rejects else None, Totals.from_dict(frame.header["totals"]))

    def pids(self) -> list[int]:
        """The processes that run now."""
        return [child.pid for child in (*self._pool.children, self._apart) if child.pid is not None]

    async def close(self) -> None:
        await self._pool.close()
        await self._apart.close()

    def _child(self, window: RowWindow, data: WindowData) -> Child:
        if window.run in self._suspects:
            return self._apart
        begins = data.begins(window)
        return self._pool.begin(window.key, len(data.rows)) if begins else self._pool.of(window.key)

    async def _take(self, child: Child, window: RowWindow, data: WindowData, limits: Limits) -> Slice:
        if loaded := await _loaded(child, window.report):
            _checked(loaded)
        header = {"kind": "take", "window": window.to_dict(), "limits": limits.to_dict()}
        given = {ROWS: data.of(window)} if data.begins(window) else {}
        frame = await self._ask(child, header, given)
        if missing := frame.header.get("missing"):
            if ROWS in missing:
                if window.bound:
                    raise SlicesLost
                given[ROWS] = data.of(window)
            if REFERENCE in missing:
                given[REFERENCE] = await data.reference()
            frame = await self._ask(child, header, given)
        return Slice.from_dict({**frame.header["slice"], "logs": frame.header["logs"], "made": frame.payloads[0]})

    async def _ask(self, child: Child, header: Json, given: dict[str, bytes]) -> Frame:
        asked = {**header, "given": list(given)}
        return _checked(await child.ask(asked, list(given.values()), self.row_seconds))

    def _suspect(self, run: str) -> None:
        self._suspects[run] = None
        while len(self._suspects) > MOST_SUSPECTS:
            del self._suspects[next(iter(self._suspects))]


async def _loaded(child: Child, report: str) -> Frame | None:
    """See Child.load. A child that died while it was idle is replaced; one that does not start has harmed no row."""
    with suppress(Late, Ended):
        return await child.load(report)
    try:
        return await child.load(report)
    except (Late, Ended) as error:
        raise Transient(f"the process that runs the code of {report} does not start: {error}") from None


@asynccontextmanager
async def _turn(child: Child, patience: float) -> AsyncIterator[None]:
    """Wait for the child to be free. Raises NoTurn after `patience` seconds."""
    async with AsyncExitStack() as held:
        try:
            async with asyncio.timeout(patience):
                await held.enter_async_context(child.turn())
        except TimeoutError:
            raise NoTurn from None
        yield


def _checked(frame: Frame) -> Frame:
    """The answer; raise what the child could not do."""
    if text := frame.header.get("error"):
        raise Permanent(text) if frame.header["permanent"] else ChildFailed(text)
    return frame
