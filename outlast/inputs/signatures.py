"""What the first bytes of an input show: a compression, a binary format, or a format that cannot be read."""

import re
from collections.abc import Mapping

from outlast.inputs import zipped
from outlast.inputs.compressed import COMPRESSIONS
from outlast.inputs.types import BadInput

_AS_TEXT = "Save the file as .xlsx, or as CSV."
_SIGNATURES = {
    b"PK\x05\x06": "an empty zip archive. Pack a file.",
    b"\xd0\xcf\x11\xe0": f"an old Excel workbook. {_AS_TEXT}",
    b"\xff\xfe": "UTF-16 behind its mark, but another encoding is said. Say encoding=utf-16.",
    b"\xfe\xff": "UTF-16 behind its mark, but another encoding is said. Say encoding=utf-16.",
    b"PAR1": "Parquet inside another file. Send it as it is.",
    zipped.SIGNATURE: "a zip archive inside another file. Send it as it is.",
    b"\x89PNG": "a PNG image. Send a table.",
    b"\xff\xd8\xff": "a JPEG image. Send a table.",
    b"%PDF-": "a PDF document. Send a table.",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive. Compress it with zstd, gzip, xz, bzip2 or zip, or not at all.",
    b"SQLite format 3\0": f"an SQLite database. {_AS_TEXT}",
}
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)*\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_WORKBOOKS = ("[Content_Types].xml", "_rels/", "docProps/", "xl/")
"""How the names of the files in .xlsx and .xlsb begin. The first file of .ods is `mimetype`, or META-INF."""
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_LOOK_AT = 4096


def compression_of(head: bytes) -> str | None:
    """The compression by its signature; None for none, and for zip."""
    if head.startswith(b"BZh"):
        return "bzip2" if _BZIP2.match(head) else None
    signatures: Mapping[str, bytes] = {name: one.signature for name, one in COMPRESSIONS.items()}
    return next((name for name, signature in signatures.items() if head.startswith(signature)), None)


def is_parquet(head: bytes) -> bool:
    return head.startswith(b"PAR1")


def is_workbook(head: bytes) -> bool:
    """Whether this is a zip archive whose first files are those of .xlsx, .xlsb or .ods."""
    entry = next(zipped.entries_in(head), None)
    if entry is None:
        return False
    return entry.name.startswith(_WORKBOOKS) or _OPEN_DOCUMENT in head or entry.name.startswith("META-INF/")


def refuse_unsupported(head: bytes) -> None:
    """Raise BadInput when `head`, the beginning of the input, is not text or is a known other format."""
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise BadInput("body", f"The input is {what}")
    if _MARKUP.match(head):
        raise BadInput("body", "The input is a web page or XML, perhaps an error page saved as data. Send a table.")
    if _is_binary(head[:_LOOK_AT]):
        text = "it begins with NUL bytes between others. Say encoding=utf-16-le if it is UTF-16 without a mark"
        raise BadInput("body", f"The input is binary or UTF-16: {text}, or save it as CSV in UTF-8.")


def _is_binary(head: bytes) -> bool:
    """Whether the first line or a tenth of all bytes are NUL. A few NUL bytes further on only reject their rows."""
    return b"\0" in head.partition(b"\n")[0] or head.count(b"\0") * 10 > len(head)
