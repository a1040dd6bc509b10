"""Turns text of any encoding into UTF-8, piece by piece."""

import codecs
from collections.abc import Iterator
from functools import lru_cache

from outlast.inputs.reading import UTF_8
from outlast.inputs.types import BadInput

_SLICE = 16 * 1024
"""Bytes that are looked at whether they are ASCII: most are, and then they stay as they are."""
_UNICODE = frozenset({"utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_EAST_ASIAN = frozenset({"gb18030", "gbk", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949"})
_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": UTF_8,
}
_ASCII = bytes(range(128))
_INVALID = "outlast-invalid"
"""Name of the error handler that leaves one byte in the copy that is no UTF-8, so that the row becomes a reject."""


def _mark_invalid(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_INVALID, _mark_invalid)


def encoding_of(head: bytes) -> str | None:
    """The encoding that a byte order mark says; None without one."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


@lru_cache(maxsize=128)
def known_encoding(name: str) -> str:
    """The encoding by the name that Python gives it. Raises BadInput for one that is not known or no text's."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        raise BadInput("encoding", f"There is no encoding {name[:60]!r}; say utf-8, utf-16, cp1252, …") from None
    found = UTF_8 if found == "utf-8-sig" else found
    if found in _UNICODE | _EAST_ASIAN or _is_single_byte(found):
        return found
    raise BadInput("encoding", f"The encoding {name[:60]!r} cannot be read; say utf-8, utf-16, cp1252, …")


def _is_single_byte(name: str) -> bool:
    try:
        return len(bytes(range(256)).decode(name, "replace")) == 256 and name not in ("unicode_escape", "punycode")
    except (LookupError, UnicodeError, ValueError):
        return False


class Transcoder:
    """A Stage: text of an encoding becomes UTF-8. What is no text in the encoding becomes a byte that is no UTF-8."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)(_INVALID)
        self._keeps_ascii = _is_single_byte(encoding) and _ASCII.decode(encoding, "replace") == _ASCII.decode("ascii")

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Stage."""
        for start in range(0, len(data), _SLICE):
            piece = data[start : start + _SLICE]
            yield piece if self._keeps_ascii and piece.isascii() else self._encoded(piece, final=False)

    def finish(self) -> Iterator[bytes]:
        """See Stage."""
        yield self._encoded(b"", final=True)

    def _encoded(self, data: bytes, *, final: bool) -> bytes:
        """Raises BadInput where text of utf-16 or utf-32 has no mark: for every other fault the handler is asked."""
        try:
            return self._decoder.decode(data, final).encode(UTF_8, "surrogateescape")
        except UnicodeError:
            name = self._encoding
            text = f"The input has no byte order mark, without which {name} cannot be read; say {name}-le or {name}-be"
            raise BadInput("encoding", text) from None
