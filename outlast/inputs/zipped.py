"""Reads the one file of a zip archive, or the one that is named."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from outlast.inputs.compressed import GIB, checked
from outlast.inputs.gzipped import PIECE
from outlast.inputs.types import BadInput

SIGNATURE = b"PK\x03\x04"
LIMIT = 4 * GIB
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
"""The header before a file in the archive (APPNOTE.TXT, 4.3.7)."""
_DEFLATED, _ENCRYPTED = 8, 1
_NOT_OURS = ("__MACOSX/",)
_MOST_NAMED = 20
_FAULTS = (
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What a damaged archive raises, and one with a compression that zipfile does not know."""


class Entry(NamedTuple):
    """The first file of an archive. `start` is where its data begins, `size` its bytes there; 0 is not known."""

    name: str
    method: int
    start: int
    size: int


def first_entry(head: bytes) -> Entry | None:
    """None where the head is too short for it."""
    if len(head) < _LOCAL.size:
        return None
    _, _, _, method, _, _, _, size, _, name, extra = _LOCAL.unpack_from(head)
    start = _LOCAL.size + name + extra
    return Entry(head[_LOCAL.size : _LOCAL.size + name].decode(errors="replace"), method, start, size)


def head_of(head: bytes, most: int) -> bytes:
    """The beginning of the first file, at most `most` bytes; empty where it cannot be seen."""
    entry = first_entry(head)
    if entry is None or entry.name.endswith("/"):
        return b""
    data = head[entry.start : entry.start + entry.size if entry.size else None]
    if entry.method != _DEFLATED:
        return data[:most] if entry.method == 0 else b""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, most)
    except zlib.error as error:
        raise BadInput("body", f"The zip archive is corrupt ({error}). Pack it again and send all of it.") from None


def read_member(file: IO[bytes], member: str | None, max_bytes: int = LIMIT) -> Iterator[bytes]:
    """The file of that name, or the only one, piece by piece. Raises BadInput where there is none or not only one."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open(_chosen(archive, member)) as opened:
            given = 0
            while piece := opened.read(PIECE):
                given = checked("zip", given + len(piece), max_bytes)
                yield piece
    except BadInput:
        raise
    except _FAULTS as error:
        text = f"The zip archive cannot be read ({error}). Pack it again with deflate and send all of it."
        raise BadInput("body", text) from None


def _chosen(archive: zipfile.ZipFile, member: str | None) -> zipfile.ZipInfo:
    files = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith(_NOT_OURS)]
    found = [one for one in files if member is None or one.filename == member]
    if len(found) != 1:
        names = ", ".join(one.filename[:100] for one in files[:_MOST_NAMED])
        fault = f"has no file {member!r}" if member else f"has {len(files)} files"
        raise BadInput("member", f"The zip archive {fault}. Say one with the option member. It has: {names or 'none'}.")
    if found[0].flag_bits & _ENCRYPTED:
        raise BadInput("body", "The file in the zip archive is encrypted. Pack it without a password.")
    return found[0]
