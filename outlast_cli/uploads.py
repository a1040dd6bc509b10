"""Sends a file of any size to the address that `POST /api/inputs` returns.

An address of Azure Blob Storage gets the file in blocks, several at a time. A block that is lost is sent again, and
those that arrived are not. Source: Azure Storage REST API, Put Block and Put Block List. The app's own address, on one
machine, gets it as one stream.
"""

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

import httpx

from outlast_cli.api import Api, read_json
from outlast_cli.errors import CommandError, Unreachable, Usage
from outlast_cli.exit_codes import ExitCode
from outlast_cli.problems import refused

BLOCK, AT_ONCE, PIECE = 8 * 1024 * 1024, 4, 1024 * 1024
MOST_BLOCKS = 50_000
TRIES = 6
BLOB_HEADER = "x-ms-blob-type"
Sent = Callable[[int], None]
"""Called with the number of bytes that arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploader:
    """`client` sends to Azure and has no key of the app."""

    api: Api
    client: httpx.Client
    sleep: Callable[[float], None] = time.sleep

    def upload(self, file: Path, name: str, sent: Sent) -> str:
        """Return the name to start with. Raises CommandError with what is to be done."""
        opened = read_json(self._open(name))
        size = file.stat().st_size
        if not size:
            raise Usage(f"{file} is empty")
        headers: Mapping[str, str] = opened.get("headers") or {}
        if BLOB_HEADER in {header.lower() for header in headers}:
            Blocks(client=self.client, url=opened["url"], sleep=self.sleep).send(file, size, sent)
        else:
            self._stream(file, size, opened, sent)
        return str(opened["input"])

    def _open(self, name: str) -> httpx.Response:
        answer = self.api.ask("POST", "/api/inputs", query={"name": name}, repeat=True)
        if answer.is_success:
            return answer
        if answer.status_code in (404, 405):
            hint = "Put the file into the app's inputs location (INPUTS_URL), and start with --input NAME."
            raise CommandError("This app takes no uploads", ExitCode.USAGE, hint)
        raise refused(answer)

    def _stream(self, file: Path, size: int, opened: Mapping[str, Any], sent: Sent) -> None:
        """Send the whole file at once. A name that is taken after a lost answer means that the file has arrived."""
        most = opened.get("most_bytes")
        if most is not None and size > most:
            raise Usage(f"{file} has {size:,} bytes, and this app takes {most:,}", "Compress the file.")
        path, lost = f"/api/inputs/{str(opened['input']).rpartition('/')[2]}", False
        for number in range(1, TRIES + 1):
            try:
                answer = self.api.ask("PUT", path, content=_pieces(file, sent), headers={"Content-Length": str(size)})
            except Unreachable:
                if number == TRIES:
                    raise
                lost = True
                sent(0)
                self.sleep(2.0**number)
                continue
            if answer.is_success or (lost and answer.status_code == 409):
                return
            raise refused(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """One blob that is sent in blocks. `url` has the signature, so it is never shown."""

    client: httpx.Client
    url: str
    sleep: Callable[[float], None]
    _lock: Lock = field(default_factory=Lock)
    _stopped: Event = field(default_factory=Event)

    def send(self, file: Path, size: int, sent: Sent) -> None:
        """After an error or Ctrl-C no further block is sent, and those under way are not waited for."""
        length = max(BLOCK, -(-size // MOST_BLOCKS))
        starts = range(0, size, length)
        threads = ThreadPoolExecutor(AT_ONCE)
        try:
            with self._stopping():
                _end_all([threads.submit(self._block, file, one, min(length, size - one), sent) for one in starts])
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        listed = "".join(f"<Latest>{_block_id(start)}</Latest>" for start in starts)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
        self._put({"comp": "blocklist"}, body.encode())

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Stop the whole upload if the block raises."""
        try:
            yield
        except BaseException:
            self._stopped.set()
            raise

    def _block(self, file: Path, start: int, length: int, sent: Sent) -> None:
        if self._stopped.is_set():
            return
        with self._stopping():
            data = _read(file, start, length)
            self._put({"comp": "block", "blockid": _block_id(start)}, data)
        with self._lock:
            sent(length)

    def _put(self, query: Mapping[str, str], content: bytes) -> None:
        """Both requests may be repeated: they replace what has arrived by the same."""
        for number in range(1, TRIES + 1):
            try:
                answer = self.client.put(httpx.URL(self.url).copy_merge_params(query), content=content)
                failed = (
                    f"the storage answered {answer.status_code} {answer.headers.get('x-ms-error-code', '')}".strip()
                )
                if answer.is_success:
                    return
                if answer.status_code < 500 and answer.status_code not in (408, 429):
                    raise CommandError(f"The file was not sent: {failed}", ExitCode.FAILED, "Run the command again.")
            except httpx.HTTPError as error:
                failed = str(error) or type(error).__name__
            if number < TRIES:
                self._pause(2**number)
            if self._stopped.is_set():
                break
        raise Unreachable(f"The file was not sent: {failed}", "Run the command again.")

    def _pause(self, seconds: int) -> None:
        """Sleep a second at a time, because the process does not end before its threads."""
        for _ in range(seconds):
            if not self._stopped.is_set():
                self.sleep(1.0)


def _end_all(blocks: Sequence[Future[None]]) -> None:
    """Raise the first error of a block. On Windows Ctrl-C does not interrupt a wait without a timeout."""
    left = True
    while left:
        ended, unended = wait(blocks, timeout=1, return_when=FIRST_EXCEPTION)
        for one in ended:
            one.result()
        left = bool(unended)


def _read(file: Path, start: int, length: int) -> bytes:
    with file.open("rb") as opened:
        opened.seek(start)
        data = opened.read(length)
    if len(data) != length:
        raise Usage(f"{file} became shorter while it was sent")
    return data


def _block_id(start: int) -> str:
    """All ids of a blob have the same length."""
    return base64.b64encode(f"{start:020}".encode()).decode()


def _pieces(file: Path, sent: Sent) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece
            sent(len(piece))
