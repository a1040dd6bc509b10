"""What the child answers: rows generated, slices joined, the database read."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from outlast.carried_logs import Collector
from outlast.compute.position import Position
from outlast.compute.wire import REFERENCE, ROWS, SLICES, Frame, pack
from outlast.errors import OutlastError, Permanent
from outlast.generating.part_contents import ROW_BYTES
from outlast.generating.row_slicer import RowSlicer
from outlast.generating.row_window import Limits, RowWindow, Slice, Staged
from outlast.generating.slicers import join_of, slicer_of
from outlast.load_reports import load_report
from outlast.models import Json
from outlast.report import Report

if TYPE_CHECKING:  # imports every reader, which rows do not need
    from outlast.compute.conversion import Conversion

MOST_CONTENTS = 128 * 1024 * 1024
"""Bytes that the windows kept have made so far. What the oldest ones have made is sent or made again when it is
needed."""
SOON = 4 * 1024 * 1024
"""Bytes of rows after which rows are read column by column. Loading pyarrow takes as long as that gains on them; a copy
of Parquet needs it anyway."""
MOST_REFERENCES = 32 * 1024 * 1024
"""Bytes of the references kept, as JSON. Parsed, they take about five times as much memory."""


@dataclass(slots=True)
class Answers:
    """`reports` is the folder of the reports. A report is loaded when it is first needed."""

    reports: Path
    position: Position
    logs: Collector
    _loaded: dict[str, Report[Any]] = field(default_factory=dict)
    _windows: OrderedDict[str, RowSlicer] = field(default_factory=OrderedDict)
    _references: "OrderedDict[str, tuple[Any, int]]" = field(default_factory=OrderedDict)
    _received: int = 0
    _conversion: "Conversion | None" = None

    def answer(self, frame: Frame) -> bytes:
        """The answer's frame. An error that is not the row's own is answered with its text."""
        try:
            kinds: dict[str, Callable[[Frame], bytes]] = {
                "load": self._load,
                "take": self._take,
                "join": self._join,
                "read": self._read,
                "convert": self._convert,
                "go on": self._go_on,
            }
            return kinds[frame.header["kind"]](frame)
        except Exception as error:  # noqa: BLE001  # the other side raises it
            permanent = isinstance(error, Permanent)
            text = str(error) if isinstance(error, OutlastError) else f"{type(error).__name__}: {error}"
            return pack({"error": text, "permanent": permanent, "logs": self.logs.take()}, [])

    def _take(self, frame: Frame) -> bytes:
        window = RowWindow.from_dict(frame.header["window"])
        given = dict(zip(frame.header["given"], frame.payloads, strict=True))
        if missing := self._missing(window, given):
            return pack({"missing": missing}, [])
        slicer = self._slicer(window, given)
        made = slicer.take(Limits.from_dict(frame.header["limits"]))
        self._keep(window.key, slicer)
        return pack({"slice": _without_bytes(made), "logs": self.logs.take()}, [made.made])

    def _missing(self, window: RowWindow, given: dict[str, bytes]) -> list[str]:
        if REFERENCE in given:
            self._keep_reference(window.reference, given[REFERENCE])
        known = self._windows.get(window.key)
        needs_rows = ROWS not in given and (known is None or known.next_row != window.row)
        begins = needs_rows or ROWS in given
        needs_reference = begins and window.reference not in self._references
        return [*([ROWS] if needs_rows else []), *([REFERENCE] if needs_reference else [])]

    def _slicer(self, window: RowWindow, given: dict[str, bytes]) -> RowSlicer:
        known = self._windows.pop(window.key, None)
        if known is not None and ROWS not in given:
            return known
        report, reference = self._report(window.report), self._references[window.reference][0]
        self._received += len(given[ROWS])
        columns = self._received > SOON or bool(window.read_as().typed)
        return slicer_of(report, reference, window, given[ROWS], time.monotonic, self.position.set, by_columns=columns)

    def _keep(self, key: str, slicer: RowSlicer) -> None:
        self._windows[key] = slicer
        while len(self._windows) > 1 and self._size() > MOST_CONTENTS:
            self._windows.popitem(last=False)

    def _size(self) -> int:
        return sum(slicer.contents.size + ROW_BYTES for slicer in self._windows.values())

    def _keep_reference(self, key: str, data: bytes) -> None:
        self._references[key] = (orjson.loads(data), len(data))
        while len(self._references) > 1 and sum(size for _, size in self._references.values()) > MOST_REFERENCES:
            self._references.popitem(last=False)

    def _report(self, name: str) -> Report[Any]:
        if name not in self._loaded:
            self._loaded[name] = load_report(self.reports, name)
        return self._loaded[name]

    def _load(self, frame: Frame) -> bytes:
        self._report(frame.header["report"])
        if frame.header["reads"]:
            import outlast.compute.reading  # noqa: F401  # the client, so that no time of the reading goes into this
        return pack({}, [])

    def _join(self, frame: Frame) -> bytes:
        known = self._windows.pop(frame.header["key"], None)
        if known is not None and known.taken == len(frame.header["rows"]):
            return _staged(known.staged(frame.header["chunk"]))
        if not frame.payloads:
            return pack({"missing": [SLICES]}, [])
        counted = zip(frame.header["rows"], frame.payloads, strict=True)
        slices = [Slice(rows, 0, 0, ended=False, size=0, made=made) for rows, made in counted]
        header = frame.header
        return _staged(
            join_of(self._report(header["report"]), header["makes"], header["chunk"], slices, header["mode"])
        )

    def _read(self, frame: Frame) -> bytes:
        from outlast.compute.reading import read_now  # imports the database's client, which rows do not need

        read = read_now(self._report(frame.header["report"]), frame.header)
        return pack({"logs": self.logs.take()}, [read])

    def _convert(self, frame: Frame) -> bytes:
        from outlast.compute.conversion import Conversion  # see above

        conversion = self._conversion = Conversion(frame.header)
        return conversion.answer()

    def _go_on(self, frame: Frame) -> bytes:
        if self._conversion is None:
            raise RuntimeError("no conversion has begun")
        return self._conversion.answer(*map(bytes, frame.payloads))


def _staged(part: Staged) -> bytes:
    return pack(
        {"totals": part.totals.to_dict()}, [part.documents, part.keys, *([part.rejects] if part.rejects else [])]
    )


def _without_bytes(made: Slice) -> Json:
    header = replace(made, made=b"").to_dict()
    del header["made"]
    return header
