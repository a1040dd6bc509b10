"""A worker process: loads the app, runs its functions, and ends when the pipe to the host closes."""

import asyncio
import inspect
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from local.host.durable import sdk
from local.host.workers import app as apps
from local.host.workers import logs
from local.host.workers.context import THREADS
from local.host.workers.current_trace import attach
from local.host.workers.invocation import prepare, result_of
from local.host.workers.wire import Header, Unpacker, pack

CHUNK = 1 << 20
UNREADABLE = "Unhandled exception in function. Could not serialize original exception message."
SWITCH_SECONDS = 0.0005  # a computing thread must not delay the event loop by 5 ms at a time


def main() -> None:
    """Serve the host on the standard pipes, which are moved out of the app's reach."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the host handles Ctrl-C: it lets calls end first
    folder, shown, heard = Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "1"
    receive, send = _take_pipes()
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.run(Worker(folder, receive, send, logs.install(shown), heard=heard).run())


def _take_pipes() -> tuple[int, int]:
    """Move the host's pipes out of the app's reach. What the app prints goes to the error output."""
    receive, send = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return receive, send


class Worker:
    """Runs the functions that the host calls: coroutines on the event loop, everything else in threads."""

    def __init__(self, folder: Path, receive: int, send: int, records: logs.Records, *, heard: bool) -> None:
        """`heard`: the host gets the functions' log records."""
        self._folder = folder
        self._records = records
        self._receive = receive
        self._send = send
        self._heard = heard
        self._outbox: list[bytes] = []
        self._functions: dict[str, apps.Function] = {}
        count = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT")
        self._threads = ThreadPoolExecutor(int(count) if count else None, thread_name_prefix="function")
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Load the app, report that, and serve until the host is gone."""
        loop = asyncio.get_running_loop()
        if self._heard:
            self._records.heard = partial(self._tell, loop)
        try:
            sdk.prepare()
            self._functions = apps.load(self._folder)
        except BaseException as error:  # noqa: BLE001 - whatever the app's import raises is reported to the host
            stack = "" if isinstance(error, apps.NotLoadable | sdk.OtherProtocol) else traceback.format_exc()
            self._write(pack({"op": "unloadable", "error": str(error) or repr(error), "stack": stack}))
            return
        self._write(pack({"op": "ready", "functions": [f.describe() for f in self._functions.values()]}))
        threading.Thread(target=self._read, args=(loop,), name="host pipe", daemon=True).start()
        await asyncio.Event().wait()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        unpacker = Unpacker()
        while data := os.read(self._receive, CHUNK):
            frames = list(unpacker.feed(data))
            if frames:
                loop.call_soon_threadsafe(self._start, frames)
        os._exit(0)  # the host is gone: nobody is left to report to, and no thread may keep this process alive

    def _start(self, frames: list[tuple[Header, bytes]]) -> None:
        for header, body in frames:
            task = asyncio.create_task(self._serve(header, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, header: Header, body: bytes) -> None:
        function, invocation = self._functions[header["function"]], header["invocation"]
        self._records.running[invocation] = function.name
        logs.INVOCATION.set(invocation)
        attach(header.get("traceparent"))
        try:
            arguments = prepare(function, header, body, str(self._folder))
            value = await self._call(function, arguments, invocation)
            answer, payload = result_of(function, value, arguments)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            answer, payload = _failure(error), b""
        finally:
            del self._records.running[invocation]
        self._answer({"id": header["id"], **answer}, payload)

    async def _call(self, function: apps.Function, arguments: dict[str, Any], invocation: str) -> Any:
        if inspect.iscoroutinefunction(function.code):
            return await function.code(**arguments)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _run, function.code, arguments, invocation)

    def _answer(self, header: Header, body: bytes) -> None:
        try:
            frame = pack(header, body)
        except (TypeError, ValueError) as error:  # a header of the response is not UTF-8
            frame = pack({"id": header["id"], **_failure(error)})
        self._post(frame)

    def _tell(self, loop: asyncio.AbstractEventLoop, record: Header) -> None:
        """Send a log record, from any thread, before the answer of its call."""
        frame = pack({"log": {**record, "text": _encodable(record["text"])}})
        if threading.current_thread() is threading.main_thread():
            self._post(frame)
        else:
            loop.call_soon_threadsafe(self._post, frame)

    def _post(self, frame: bytes) -> None:
        """Send a frame. Frames of one round of the event loop are written together."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outbox.append(frame)

    def _flush(self) -> None:
        data, self._outbox = b"".join(self._outbox), []
        self._write(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._send, view) :]
        except BrokenPipeError:
            os._exit(0)


def _run(code: Callable[..., Any], arguments: dict[str, Any], invocation: str) -> Any:
    """Run a function in a thread that has the call's id."""
    THREADS.invocation_id = invocation
    try:
        return code(**arguments)
    finally:
        THREADS.invocation_id = None


def _failure(error: BaseException) -> Header:
    """Return the answer for an exception: the text as the Azure worker writes it, and the stack."""
    try:
        message = str(error)
        text = f"{type(error).__name__}: {message}"
    except Exception:  # noqa: BLE001 - the app's own __str__ may raise whatever it likes
        message = text = UNREADABLE
    try:
        stack = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - the same for what the traceback shows
        stack = ""
    return {"ok": False, "error": _encodable(text), "message": _encodable(message), "stack": _encodable(stack)}


def _encodable(text: str) -> str:
    """Replace half a surrogate pair by its escape, because a frame is UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
