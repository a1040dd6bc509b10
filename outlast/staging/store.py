"""Files in Azure Blob Storage or in a local folder (`file://`)."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, GenericError, PreconditionError
from obstore.store import ObjectStore

from outlast.errors import Permanent, Transient
from outlast.staging.local_files import SCHEME, is_refused, quoted, remove_empty_folders

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import RetryConfig


FORMS = "https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER or file:///FOLDER"

RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""The store's own retries. They are few, because an activity that waits for the storage holds a slot."""


class Staging:
    """A location in a store; paths are relative to it. A put is atomic: a reader never sees half a file.

    What is no regular file inside a `file://` location counts as missing.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: ObjectStore | None = None

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            self._opened = _open(self._url)
        return self._opened

    async def put(self, path: str, data: bytes) -> None:
        with _translated(path):
            await obstore.put_async(self._store, path, data)

    async def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write the file unless it exists. Returns whether it was written."""
        try:
            with _translated(path):
                await obstore.put_async(self._store, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    async def get(self, path: str) -> bytes | None:
        """The whole file, or None when it is missing."""
        try:
            with _translated(path):
                return await self._read(path)
        except FileNotFoundError:
            return None

    async def need(self, path: str) -> bytes:
        """The whole file. Raises Permanent when it is missing, although an earlier step has written it."""
        data = await self.get(path)
        if data is None:
            raise Permanent(f"the staged file {path} is missing; it was written and has been deleted: start a new run")
        return data

    async def get_range(self, path: str, start: int, length: int, version: str | None = None) -> bytes:
        """At most `length` bytes from `start`, fewer at the end of the file.

        Raises Permanent when the file is missing or its ETag is not `version`.
        """
        if length <= 0:
            return b""
        options: GetOptions = {"range": (start, start + length)}
        if version is not None:
            options["if_match"] = version
        try:
            return await self._read(path, options)
        except FileNotFoundError:
            raise Permanent(f"the file {path} is missing; it has been deleted: start a new run") from None
        except PreconditionError:
            raise Permanent(f"the file {path} was changed after the run was accepted; start a new run") from None
        except GenericError as error:
            if start >= (await self.size(path) or 0):  # stores refuse a range that begins at the end
                return b""
            raise _no_answer(path, error) from error

    def get_range_now(self, path: str, start: int, length: int, version: str | None = None) -> bytes:
        """As `get_range`, but waits: for a thread. `start` must be inside the file."""
        options: GetOptions = {"range": (start, start + length)}
        if version is not None:
            options["if_match"] = version
        if length <= 0:
            return b""
        try:
            if is_refused(self._url, path):
                raise FileNotFoundError(path)
            return bytes(obstore.get(self._store, path, options=options).bytes())
        except FileNotFoundError:
            raise Permanent(f"the file {path} is missing; it has been deleted: start a new run") from None
        except PreconditionError:
            raise Permanent(f"the file {path} was changed after the run was accepted; start a new run") from None
        except GenericError as error:
            raise _no_answer(path, error) from error

    async def list(self, folder: str) -> list[tuple[str, datetime]]:
        """Path and time of the last change of every file below a folder, in any order; none if it is missing."""
        found = []
        async for files in obstore.list(self._store, prefix=folder):
            found += [(one["path"], one["last_modified"]) for one in files]
        return found

    async def delete(self, path: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            await obstore.delete_async(self._store, path)

    async def delete_all(self, paths: Sequence[str]) -> None:
        """Remove the files that are there. Raises Transient when the storage gives no usable answer."""
        with _translated(f"{len(paths)} files"):
            await asyncio.gather(*(self.delete(path) for path in paths))

    def remove_empty(self, folder: str) -> None:
        """Remove a folder without files. Only a `file://` location has such folders."""
        remove_empty_folders(self._url, folder)

    async def etag(self, path: str) -> str | None:
        """The file's version, or None when it is missing."""
        found = await self._head(path)
        return found["e_tag"] if found else None

    async def size(self, path: str) -> int | None:
        """The file's length in bytes, or None when it is missing."""
        found = await self._head(path)
        return found["size"] if found else None

    async def _read(self, path: str, options: "GetOptions | None" = None) -> bytes:
        if is_refused(self._url, path):
            raise FileNotFoundError(path)
        return bytes(await (await obstore.get_async(self._store, path, options=options)).bytes_async())

    async def _head(self, path: str) -> "ObjectMeta | None":
        if is_refused(self._url, path):
            return None
        try:
            return await obstore.head_async(self._store, path)
        except FileNotFoundError:
            return None
        except GenericError as error:
            if self._url.startswith(SCHEME):  # a path below a file, or a name that is too long
                return None
            raise _no_answer(path, error) from error


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Raise Transient for an error of the store that says nothing about the file."""
    try:
        yield
    except (AlreadyExistsError, PreconditionError, FileNotFoundError):
        raise
    except BaseError as error:
        raise _no_answer(path, error) from error


def _no_answer(path: str, error: Exception) -> Transient:
    return Transient(f"the storage gave no usable answer for {path} ({type(error).__name__})")


def _open(url: str) -> ObjectStore:
    if "://" not in url:
        said = "names no scheme" if url else "is not set"
        raise Permanent(f"STAGING_URL or INPUTS_URL {said}; give it as {FORMS}")
    if url.startswith(SCHEME):
        return obstore.store.from_url(quoted(url), mkdir=True)
    try:
        return obstore.store.from_url(url, retry_config=RETRIES)
    except (BaseError, ValueError):  # the error may repeat the URL, and the URL may hold a signature
        raise Permanent(f"STAGING_URL or INPUTS_URL does not open; give it as {FORMS}") from None
