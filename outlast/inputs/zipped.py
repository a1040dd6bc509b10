"""Reads the one file of a zip archive, or the one that is named."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from typing import IO, NamedTuple

from outlast.inputs.compressed import GIB, WINDOW, limited
from outlast.inputs.gzipped import PIECE
from outlast.inputs.types import BadInput

SIGNATURE = b"PK\x03\x04"
LIMIT = 4 * GIB
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
"""The header before a file in the archive (APPNOTE.TXT, 4.3.7)."""
_LZMA = struct.Struct("<HHBI")
"""What LZMA begins with: version, size of the properties, three numbers of them in one, the window (5.8.8)."""
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZE_BEHIND, _UTF_8 = 1, 1 << 3, 1 << 11
"""Bits of an entry's flags."""
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
    """A file or folder of an archive. `start` is where its data begins; `end` is None where it is not known."""

    name: str
    flags: int
    method: int
    start: int
    end: int | None


def entries_in(head: bytes) -> Iterator[Entry]:
    """The first entries, as far as the beginning of an archive shows where each of them begins."""
    at: int | None = 0
    while at is not None and head.startswith(SIGNATURE, at) and len(head) >= at + _LOCAL.size:
        entry = _entry(head, at)
        yield entry
        at = entry.end


def _entry(head: bytes, at: int) -> Entry:
    _, _, flags, method, _, _, _, size, _, name, extra = _LOCAL.unpack_from(head, at)
    begin = at + _LOCAL.size
    text = head[begin : begin + name].decode("utf-8" if flags & _UTF_8 else "cp437", errors="replace")
    start = begin + name + extra
    return Entry(text, flags, method, start, None if flags & _SIZE_BEHIND and not size else start + size)


def head_of(head: bytes, member: str | None, most: int) -> bytes | None:
    """The beginning of the file that is read, at most `most` bytes; None where it cannot be seen."""
    entry = next((one for one in entries_in(head) if _is_read(one.name, member)), None)
    if entry is None:
        return None
    _refuse_encrypted(entry.flags)
    data = head[entry.start : entry.end]
    if entry.method == _STORED:
        return data[:most] or None
    return _inflated(data, most) or None if entry.method == _DEFLATED else None


def _inflated(data: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, most)
    except zlib.error as error:
        raise BadInput("body", f"The zip archive is corrupt ({error}). Pack it again and send all of it.") from None


def _is_read(name: str, member: str | None) -> bool:
    return name == member if member else not name.endswith("/") and not name.startswith(_NOT_OURS)


def read_member(file: IO[bytes], member: str | None, max_bytes: int = LIMIT) -> Generator[bytes]:
    """The file of that name, or the only one, piece by piece. Raises BadInput where there is none or not only one."""
    try:
        with zipfile.ZipFile(file) as archive:
            chosen = _chosen(archive, member)
            _refuse_large_window(file, chosen)
            with archive.open(chosen) as opened:
                yield from limited("zip", iter(lambda: opened.read(PIECE), b""), max_bytes)
    except BadInput:
        raise
    except _FAULTS as error:
        text = f"The zip archive cannot be read ({error}). Pack it again with deflate and send all of it."
        raise BadInput("body", text) from None


def _chosen(archive: zipfile.ZipFile, member: str | None) -> zipfile.ZipInfo:
    files = [one for one in archive.infolist() if _is_read(one.filename, None)]
    found = [one for one in files if _is_read(one.filename, member)]
    if len(found) != 1:
        names = ", ".join(one.filename[:100] for one in files[:_MOST_NAMED])
        fault = f"has no file {member!r}" if member else f"has {len(files)} files"
        raise BadInput("member", f"The zip archive {fault}. Say one with the option member. It has: {names or 'none'}.")
    _refuse_encrypted(found[0].flag_bits)
    return found[0]


def _refuse_large_window(file: IO[bytes], chosen: zipfile.ZipInfo) -> None:
    """LZMA holds as much in memory of what it has made as the archive says: a few bytes could ask for 4 GiB."""
    if chosen.compress_type == zipfile.ZIP_LZMA:
        file.seek(chosen.header_offset)
        head = file.read(_LOCAL.size + 2 * 0xFFFF + _LZMA.size)
        *_, window = _LZMA.unpack_from(head, _entry(head, 0).start)
        if window > WINDOW:
            text = f"refers back over {window:,} bytes, and {WINDOW:,} can be held. Pack it again with deflate."
            raise BadInput("body", f"The file in the zip archive {text}")


def _refuse_encrypted(flags: int) -> None:
    if flags & _ENCRYPTED:
        raise BadInput("body", "The file in the zip archive is encrypted. Pack it without a password.")
