"""Files in Azure Blob Storage or in a local folder (`file://`)."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    GenericError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, ObjectStore

from outlast.errors import Permanent, Transient
from outlast.models import Bytes
from outlast.staging.local_files import SCHEME, is_refused, remove_empty_folders, remove_unfinished
from outlast.staging.open_store import open_store

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta


READS_AT_ONCE = 32
"""Reads of many files that go on at the same time."""
AT_ONCE = 32 * 1024 * 1024
"""Bytes of a file that is sent by one request. In parts of 5 MiB it costs a request for each and one more."""
SENT_AT_ONCE = 2
"""Parts of a large file, of 5 MiB each, that are sent and so in memory at the same time."""
REFUSED = "check the app's identity, AZURE_CLIENT_ID, and its role Storage Blob Data Contributor on the account"
PLAIN = re.compile(r"[0-9A-Za-z:/._~-]*")


class Staging:
    """A location in a store; paths are relative to it. A put is atomic: a reader never sees half a file.

    What is no regular file inside a `file://` location counts as missing.
    """

    def __init__(self, url: str, account: str = "") -> None:
        """`account` is the storage account of an `az://` URL."""
        self._url = url
        self._account = account
        self._opened: ObjectStore | None = None

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            self._opened = open_store(self._url, self._account)
        return self._opened

    async def put(self, path: str, data: Bytes) -> None:
        """Write the file, and replace one that is there. A large one is sent in parts.

        Raises Transient when the storage gives no usable answer, Permanent when its container is missing.
        """
        with _written(path, self._url):
            await obstore.put_async(self._store, path, data, use_multipart=len(data) > AT_ONCE)

    async def put_pieces(self, path: str, pieces: AsyncIterator[bytes]) -> None:
        """Write a file of any size. What is raised while its pieces are made is raised here, and nothing is written."""
        with _written(path, self._url):
            await obstore.put_async(self._store, path, pieces, max_concurrency=SENT_AT_ONCE)

    @property
    def signs(self) -> bool:
        """Whether `signed_put` gives addresses here."""
        return isinstance(self._store, AzureStore)

    async def signed_put(self, path: str, lifetime: timedelta) -> str | None:
        """A URL that writes this file, and does nothing else, for whoever has it and for so long.

        The storage gives the app's identity a key for the signature. None in a location that has no such URLs. Raises
        Permanent where a folder's name has characters that the signature does not cover as Azure computes it.
        """
        if not isinstance(self._store, AzureStore):
            return None
        if not PLAIN.fullmatch(unquote(self._url)):
            raise Permanent("no upload can be signed in a folder with such a name; give INPUTS_URL plain letters")
        with _translated(path):
            return await obstore.sign_async(self._store, "PUT", path, lifetime)

    async def copy(self, path: str, to: str) -> None:
        """Copy a file within the location, unless there is one. Raises FileNotFoundError where the file is missing.

        A location in Azure may still be copying a large file when this returns.
        """
        with suppress(AlreadyExistsError), _translated(path):
            await obstore.copy_async(self._store, path, to, overwrite=False)

    async def put_if_absent(self, path: str, data: bytes) -> bool:
        """Write the file unless it exists. Returns whether it was written."""
        try:
            with _written(path, self._url):
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
            raise Permanent(f"the file {path} is missing: it was deleted, or never came; start a new run") from None
        except PreconditionError:
            raise Permanent(f"the file {path} was changed after the run was accepted; start a new run") from None
        except GenericError as error:
            if start >= (await self.size(path) or 0):  # stores refuse a range that begins at the end
                return b""
            raise _no_answer(path, error) from error
        except BaseError as error:
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
            raise Permanent(f"the file {path} is missing: it was deleted, or never came; start a new run") from None
        except PreconditionError:
            raise Permanent(f"the file {path} was changed after the run was accepted; start a new run") from None
        except BaseError as error:
            raise _no_answer(path, error) from error

    async def list(self, folder: str) -> list[tuple[str, datetime]]:
        """Path and time of the last change of every file below a folder, in any order; none if it is missing."""
        found = []
        with _translated(folder):
            async for files in obstore.list(self._store, prefix=folder):
                found += [(one["path"], one["last_modified"]) for one in files]
        return found

    async def delete(self, path: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError), _translated(path):
            await obstore.delete_async(self._store, path)

    async def delete_all(self, paths: Sequence[str]) -> None:
        """Remove the files that are there. Raises Transient when the storage gives no usable answer."""
        await asyncio.gather(*(self.delete(path) for path in paths))

    def remove_unfinished(self, folder: str, before: datetime | None = None) -> None:
        """Remove what is left of files that were being written, until then, and never ended. Only a `file://` location
        has such: Azure drops unfinished files itself."""
        remove_unfinished(self._url, folder, before)

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
        except BaseError as error:
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


@contextmanager
def _written(path: str, url: str) -> Iterator[None]:
    """Raise as `_translated` does. What a write does not find is the container, which the app may not make."""
    try:
        with _translated(path):
            yield
    except FileNotFoundError as error:
        if url.startswith(SCHEME):  # somebody has removed the folder meanwhile
            raise _no_answer(path, error) from error
        raise Permanent(
            f"the storage does not take {path}, because its container is missing; make the container that STAGING_URL "
            "names, or correct the URL"
        ) from error


def _no_answer(path: str, error: Exception) -> Transient:
    text = f"the storage gave no usable answer for {path} ({type(error).__name__})"
    return Transient(f"{text}; {REFUSED}" if isinstance(error, PermissionDeniedError | UnauthenticatedError) else text)
