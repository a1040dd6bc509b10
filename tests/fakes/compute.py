"""The reports' own code in the process of the test: the same answers as the children give, at once and in order."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from outlast.compute.reading import Read, ReadingStopped, read_encoded
from outlast.cosmos.client import Cosmos
from outlast.generating.row_slicer import RowSlicer
from outlast.generating.row_window import (
    Limits,
    RowsLost,
    RowStopped,
    RowWindow,
    Slice,
    SlicesLost,
    Staged,
    WindowData,
)
from outlast.generating.slicers import join_of, slicer_of
from outlast.models import Json
from outlast.report import Report
from tests.fakes.vices import Dying, Hanging, inline


@dataclass(slots=True)
class InlineCompute:
    """Implements RowCompute. A row that hangs takes `row_seconds` of the clock and is stopped.

    `taking` is called before each slice: the place for a test to wait, or to raise RowsLost or NoTurn. Each slice has
    `logs` as what its rows have logged.
    """

    reports: Mapping[str, Report[Any]]
    clock: Callable[[], float]
    pass_time: Callable[[float], None] = lambda seconds: None
    row_seconds: float = 10.0
    taking: Callable[[RowWindow], Any] = lambda window: None
    logs: list[Json] = field(default_factory=list)
    _references: dict[str, Any] = field(default_factory=dict)
    _slicers: dict[str, RowSlicer] = field(default_factory=dict)
    _row: int = 0

    async def take(self, window: RowWindow, data: WindowData, limits: Limits, patience: float) -> Slice:
        """See RowCompute."""
        try:
            waited = self.taking(window)
            if asyncio.iscoroutine(waited):
                await waited
            slicer = await self._slicer(window, data)
            with inline():
                return replace(slicer.take(limits), logs=self.logs)
        except Hanging:
            self.let_go()
            self.pass_time(self.row_seconds)
            raise RowStopped(self._row, self.row_seconds) from None
        except Dying:
            self.let_go()
            raise RowsLost(self._row, "signal SIGKILL") from None
        except RowsLost:
            self.let_go()
            raise

    async def join(self, window: RowWindow, chunk: int, slices: Sequence[Slice]) -> Staged:
        """See RowCompute."""
        slicer = self._slicers.pop(window.key, None)
        if slicer is not None and slicer.taken == len(slices):
            return slicer.staged(chunk)
        if not slices[-1].made:
            raise SlicesLost
        return join_of(self.reports[window.report], window.makes, chunk, slices, window.mode)

    def let_go(self) -> None:
        """Forget what was made and not handed over, as a process does that ends or has too much in memory."""
        self._slicers.clear()

    async def _slicer(self, window: RowWindow, data: WindowData) -> RowSlicer:
        """The slicer that has begun the window, or a new one."""
        if window.reference not in self._references:
            self._references[window.reference] = orjson.loads(await data.reference())
        known = self._slicers.get(window.key)
        if known is None or known.next_row != window.row:
            if window.bound:
                raise SlicesLost
            reference, report = self._references[window.reference], self.reports[window.report]
            known = slicer_of(report, reference, window, data.of(window), self.clock, self._mark)
            self._slicers[window.key] = known
        return known

    def _mark(self, row: int) -> None:
        self._row = row


@dataclass(slots=True)
class InlineReading:
    """Implements DatabaseReading."""

    cosmos: Cosmos

    async def read(self, report: Report[Any], parameters: Json, seconds: float) -> Read:
        """See DatabaseReading."""
        try:
            async with asyncio.timeout(seconds):
                with inline():
                    return Read(await read_encoded(report, parameters, self.cosmos), [])
        except (TimeoutError, Hanging):
            raise ReadingStopped from None
