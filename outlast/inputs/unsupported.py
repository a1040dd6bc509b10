"""Refuses inputs that are not UTF-8 text, and names their format when their first bytes show it."""

import re

from outlast.inputs.types import BadInput

_AS_TEXT = "Save the file as CSV in UTF-8."
_SIGNATURES = {
    b"PK\x03\x04": f"an Excel workbook or a zip archive. {_AS_TEXT}",
    b"PK\x05\x06": f"an empty zip archive. {_AS_TEXT}",
    b"\xd0\xcf\x11\xe0": f"an old Excel workbook. {_AS_TEXT}",
    b"\xff\xfe": "UTF-16. Save the file as UTF-8.",
    b"\xfe\xff": "UTF-16. Save the file as UTF-8.",
    b"\0\0\xfe\xff": "UTF-32. Save the file as UTF-8.",
    b"PAR1": "Parquet, which cannot be read. Send CSV or JSON Lines.",
    b"\x89PNG": "a PNG image. Send CSV or JSON Lines.",
    b"\xff\xd8\xff": "a JPEG image. Send CSV or JSON Lines.",
    b"%PDF-": "a PDF document. Send CSV or JSON Lines.",
    b"\x28\xb5\x2f\xfd": "compressed with zstd. Compress it with gzip, or not at all.",
    b"\xfd7zXZ\0": "compressed with xz. Compress it with gzip, or not at all.",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive. Compress it with gzip, or not at all.",
    b"SQLite format 3\0": f"an SQLite database. {_AS_TEXT}",
}
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)*\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_LOOK_AT = 4096


def refuse_unsupported(head: bytes) -> None:
    """Raise BadInput when `head`, the beginning of the input, is not text or is a known other format."""
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise BadInput("body", f"The input is {what}")
    if _BZIP2.match(head):
        raise BadInput("body", "The input is compressed with bzip2. Compress it with gzip, or not at all.")
    if _MARKUP.match(head):
        raise BadInput("body", "The input is a web page or XML, perhaps an error page saved as data. Send CSV.")
    if _is_binary(head[:_LOOK_AT]):
        raise BadInput("body", f"The input is binary or UTF-16: it begins with NUL bytes between others. {_AS_TEXT}")


def _is_binary(head: bytes) -> bool:
    """Whether the first line or a tenth of all bytes are NUL. A few NUL bytes further on only reject their rows."""
    return b"\0" in head.partition(b"\n")[0] or head.count(b"\0") * 10 > len(head)
