"""obstore as the app uses it, with a line in a file for each request that Azure Blob Storage would be sent.

A copy of the app imports it instead of obstore; the variable STORAGE_OPERATIONS names the file. Local folders are
served as usual. How a put is divided is obstore's own doing: one of more than 5 MiB, unless the app wants it whole, and
each whose length is not known before, is sent as blocks and a list of them.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import obstore
from obstore.store import ObjectStore

VARIABLE = "STORAGE_OPERATIONS"
PART = 5 * 1024 * 1024
PAGE = 5000
"""The most files of one page of a list (Azure docs, "List Blobs")."""
sign_async = obstore.sign_async
store = obstore.store


def counts_of(file: Path) -> Counter[str]:
    """How many requests of each kind are in the file: `write`, `read`, `list`, `delete`."""
    return Counter(file.read_text("ascii").split()) if file.exists() else Counter()


def _count(kind: str, times: int = 1) -> None:
    """Append in one write of the operating system, so that no process breaks another's line."""
    file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{kind}\n".encode() * times)
    finally:
        os.close(file)


def _counting(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        _count(kind)
        return function(*arguments, **options)

    return counted


get = _counting("read", obstore.get)
get_async = _counting("read", obstore.get_async)
head_async = _counting("read", obstore.head_async)
copy_async = _counting("write", obstore.copy_async)
delete_async = _counting("delete", obstore.delete_async)


async def put_async(to: ObjectStore, path: str, data: Any, **options: Any) -> Any:
    if isinstance(data, AsyncIterator):
        return await _put_pieces(to, path, data, options)
    size = len(data)
    _count("write", _blocks(size) + 1 if size > PART and options.get("use_multipart", True) else 1)
    return await obstore.put_async(to, path, data, **options)


async def _put_pieces(to: ObjectStore, path: str, pieces: AsyncIterator[bytes], options: Any) -> Any:
    size = 0

    async def sized() -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in pieces:
            size += len(piece)
            yield piece

    result = await obstore.put_async(to, path, sized(), **options)
    _count("write", _blocks(size) + 1)
    return result


def _blocks(size: int) -> int:
    return -(-size // PART)


async def list(of: ObjectStore, prefix: str) -> AsyncIterator[Any]:
    found = 0
    async for files in obstore.list(of, prefix=prefix):
        found += len(files)
        yield files
    _count("list", max(1, -(-found // PAGE)))
