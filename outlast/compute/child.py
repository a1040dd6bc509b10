"""A child process for code that may never return: started when it is first needed, killed when it is late, replaced."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from outlast.compute.position import POSITION, TRACE, Position, create
from outlast.compute.wire import LENGTHS, Frame, head_of, read_head
from outlast.models import Bytes, Json

T = TypeVar("T")
BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from outlast.compute.server import main; main()"
TICKS = 10
"""Pieces of the time that is waited. A machine that stood still between two of them costs one piece, not all."""
START_SECONDS = 60.0
END_SECONDS = 1.0
"""Time in which a child ends that has closed its pipes. One whose report closed them may go on for ever."""
BUFFER = 1024 * 1024
PIECE = 256 * 1024
"""Bytes of a payload that are sent or received at once, at most."""
_FRAME = re.compile(r'File "([^"]+)", line (\d+) in ')


class Late(Exception):
    """The child did not answer in time and was killed. `row` is where it was, `where` the line of the report."""

    def __init__(self, row: int | None, where: str) -> None:
        super().__init__(f"killed at row {row} {where}")
        self.row, self.where = row, where


class Ended(Exception):
    """The child ended by itself, or closed its pipes and was killed. `row` is where it was."""

    def __init__(self, row: int | None, code: int | None) -> None:
        super().__init__(_how(code))
        self.row = row


@dataclass(frozen=True, slots=True)
class _Running:
    process: Process
    own: Path
    position: Position
    loaded: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Child:
    """`app` is the folder of the app. One request at a time: hold `turn` meanwhile. `wanted` counts who has it or waits
    for it."""

    app: Path
    wanted: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _running: _Running | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        self.wanted += 1
        try:
            async with self._lock:
                yield
        finally:
            self.wanted -= 1

    async def ask(self, header: Json, payloads: Sequence[Bytes], seconds: float) -> Frame:
        """The child's answer. Raises Late after `seconds`, or Ended. The next request starts another child."""
        try:
            running = self._running = self._running or await self._start()
            asked = Frame({**header, "orphan": 2 * seconds + 1}, payloads)
            answer: Frame = await _ticking(_exchange(running.process, asked), seconds)
        except TimeoutError:
            raise await self._late() from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._ended() from None
        except BaseException:
            await self.close()
            raise
        return answer

    async def load(self, report: str, *, reads: bool = False) -> Frame | None:
        """Let the child import a report, and for one that reads the database its client, which may take longer than a
        row. None when it has done so before."""
        if self._running and report in self._running.loaded:
            return None
        frame = await self.ask({"kind": "load", "report": report, "reads": reads}, [], START_SECONDS)
        if self._running:
            self._running.loaded.add(report)
        return frame

    @property
    def pid(self) -> int | None:
        return self._running.process.pid if self._running else None

    async def close(self) -> None:
        """End the child and what it has forked, whatever they do."""
        running, self._running = self._running, None
        if running is None:
            return
        _kill(running.process)
        # `wait` waits for the pipes, too, and a process that left the group may hold them.
        running.process._transport.close()  # type: ignore[attr-defined]
        await running.process.wait()
        running.position.close()
        shutil.rmtree(running.own, ignore_errors=True)

    async def _start(self) -> _Running:
        own = Path(tempfile.mkdtemp(prefix="outlast-"))
        try:
            create(own / POSITION)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-c", BOOT, json.dumps([str(self.app), *sys.path]), str(self.app), str(own)),
                stdin=PIPE,
                stdout=PIPE,
                limit=BUFFER,
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(own, ignore_errors=True)
            raise
        running = _Running(process, own, Position(own / POSITION))
        self._running = running
        await _ticking(_read(process), START_SECONDS)
        return running

    async def _late(self) -> Late:
        running = self._running
        if running is None:
            return Late(None, "")
        where = await self._where(running)
        row = running.position.get() or None
        await self.close()
        return Late(row, where)

    async def _where(self, running: _Running) -> str:
        """The line of the report that the child runs now, as far as the system can tell."""
        trace = running.own / TRACE
        if not hasattr(signal, "SIGUSR1") or running.process.returncode is not None or not trace.exists():
            return ""
        running.process.send_signal(signal.SIGUSR1)
        for _ in range(TICKS):
            await asyncio.sleep(0.02)
            if found := _line_of(trace.read_text("utf-8", "replace")):
                return found
        return ""

    async def _ended(self) -> Ended:
        running = self._running
        if running is None:
            return Ended(None, 0)
        try:
            code: int | None = await _ticking(running.process.wait(), END_SECONDS)
        except TimeoutError:
            code = None
        row = running.position.get() or None
        await self.close()
        return Ended(row, code)


def _kill(process: Process) -> None:
    """End the process and its group."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # no process is left, or one that is being ended
            os.killpg(process.pid, signal.SIGKILL)
    elif process.returncode is None:
        process.kill()


async def _exchange(process: Process, asked: Frame) -> Frame:
    """Send a request and read its answer. The payloads go in pieces, because a pipe copies what it cannot take yet."""
    assert process.stdin is not None
    process.stdin.write(head_of(*asked))
    for payload in asked.payloads:
        for begin in range(0, len(payload), PIECE):
            process.stdin.write(memoryview(payload)[begin : begin + PIECE])
            await process.stdin.drain()
    await process.stdin.drain()
    return await _read(process)


async def _read(process: Process) -> Frame:
    assert process.stdout is not None
    header, _ = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    read, lengths = read_head(await process.stdout.readexactly(header))
    return Frame(read, [await _payload(process.stdout, length) for length in lengths])


async def _payload(stream: asyncio.StreamReader, length: int) -> bytearray:
    """The next bytes, in memory once: `readexactly` gathers them and then copies them."""
    found = bytearray(length)
    for begin in range(0, length, PIECE):
        piece = await stream.readexactly(min(PIECE, length - begin))
        found[begin : begin + len(piece)] = piece
    return found


async def _ticking(work: Awaitable[T], seconds: float) -> T:
    """The work's result. Raises TimeoutError when it takes longer."""
    task = asyncio.ensure_future(work)
    try:
        for _ in range(TICKS):
            if (await asyncio.wait({task}, timeout=seconds / TICKS))[0]:
                return await task
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _how(code: int | None) -> str:
    """How a child ended. None: it went on without its pipes."""
    if code is None:
        return "closed pipes"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _line_of(trace: str) -> str:
    """The innermost line of a report in a traceback of `faulthandler`."""
    for file, line in _FRAME.findall(trace):
        if Path(file).parent.name == "reports":
            return f"reports/{Path(file).name}, line {line}"
    return ""
