"""Numbers that processes of one machine share, in a file that one of them changes at a time."""

import fcntl
import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HEAD = struct.Struct("<II")
"""Bytes of the numbers and their checksum."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The file while this process alone may change it. Without a descriptor it reads nothing and keeps nothing."""

    descriptor: int | None

    def read(self) -> Sequence[float]:
        """Return what was written last, nothing if that was not written to its end."""
        if self.descriptor is None:
            return ()
        data = os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)
        size, checksum = HEAD.unpack_from(data) if len(data) > HEAD.size else (0, 0)
        numbers = data[HEAD.size : HEAD.size + size]
        whole = size and len(numbers) == size and zlib.crc32(numbers) == checksum
        return array("d", numbers) if whole else ()

    def write(self, numbers: Sequence[float]) -> None:
        """Keep the numbers, or nothing where the disk is full, so that nobody goes on with older ones."""
        if self.descriptor is None:
            return
        data = array("d", numbers).tobytes()
        try:
            os.pwrite(self.descriptor, HEAD.pack(len(data), zlib.crc32(data)) + data, 0)
        except OSError:
            os.ftruncate(self.descriptor, 0)


@dataclass(frozen=True, slots=True)
class NumberFile:
    path: Path

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """Open the file for one change, so that a file that somebody removes is only begun anew.

        The kernel frees the lock when the file is closed and when the process dies. A process may not open the file
        twice at once: the first to close would free the lock of both.
        """
        with ExitStack() as closing:
            yield Opened(self._locked(closing))

    def _locked(self, closing: ExitStack) -> int | None:
        with suppress(OSError):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            closing.callback(os.close, descriptor)
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            return descriptor
        return None
