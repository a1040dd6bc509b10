"""Detects the format of an input from Content-Type, file name and the first bytes."""

import re

from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.csv_file import CSV
from outlast.inputs.gzipped import MAGIC, Inflater
from outlast.inputs.json_lines import JSON_LINES
from outlast.inputs.types import BadInput, InputFormat
from outlast.inputs.unsupported import refuse_unsupported

_TYPES: dict[str, InputFormat | None] = {
    "text/csv": CSV,
    "application/csv": CSV,
    "text/x-csv": CSV,
    "application/x-ndjson": JSON_LINES,
    "application/ndjson": JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
    "application/gzip": None,
    "application/x-gzip": None,
    "": None,
    "application/octet-stream": None,
    "application/x-www-form-urlencoded": None,  # the default of curl --data-binary
    "application/vnd.ms-excel": None,  # sent by browsers on Windows for .csv
    "text/plain": None,
}
_ENDINGS: dict[str, InputFormat] = {".csv": CSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES}
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";]*)', re.IGNORECASE)
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{])')
_LOOK_AT = 64 * 1024


def detect_format(content_type: str | None, filename: str | None, head: bytes) -> tuple[InputFormat, bool]:
    """The format, and whether the input is gzipped.

    `head` is the beginning of the body as sent; some KiB are enough. Content-Type or file name decide; when they do not
    name a format, the content decides. Raises BadInput when they contradict each other or the content, or when the
    format cannot be read.
    """
    media = _media_type(content_type)
    name = (filename or "").strip().lower()
    claimed = _claimed(media, name)
    if not head:
        raise BadInput("body", "The body is empty. Send the file itself, for example: curl --data-binary @FILE")
    gzipped = head.startswith(MAGIC)
    _check_gzip(media, name, gzipped)
    text = _inflated(head) if gzipped else head
    refuse_unsupported(text)
    return _confirmed(claimed, text), gzipped


def _media_type(content_type: str | None) -> str:
    media = (content_type or "").partition(";")[0].strip().lower()
    if media.startswith("multipart/"):
        message = "A form upload cannot be read. Send the file itself as the body: curl --data-binary @FILE"
        raise BadInput("content-type", message)
    if media not in _TYPES:
        known = ", ".join(name for name, form in _TYPES.items() if form)
        raise BadInput("content-type", f"Content-Type {media} cannot be read. Send one of {known}, or none.")
    charset = _CHARSET.search(content_type or "")
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise BadInput("content-type", f"The charset {charset[1]} cannot be read. Save and send the file as UTF-8.")
    return media


def _claimed(media: str, name: str) -> InputFormat | None:
    """The format that Content-Type or file name say; None when they say none."""
    by_type = _TYPES[media]
    stem = name.removesuffix(".gz")
    by_name = next((form for ending, form in _ENDINGS.items() if stem.endswith(ending)), None)
    if by_type and by_name and by_type is not by_name:
        message = f"The file name says {by_name.name}, but Content-Type {media} says {by_type.name}. Correct one."
        raise BadInput("filename", message)
    return by_type or by_name


def _check_gzip(media: str, name: str, gzipped: bool) -> None:
    if not gzipped and "gzip" in media:
        raise BadInput("content-type", f"Content-Type is {media}, but the body is not gzip. Leave the type out.")
    if not gzipped and name.endswith(".gz"):
        raise BadInput("filename", "The file name ends in .gz, but the body is not gzip. Leave .gz out.")


def _inflated(head: bytes) -> bytes:
    """The first 64 KiB of the inflated input."""
    text = b""
    for piece in Inflater(max_bytes=1 << 62, piece=_LOOK_AT // 4).feed(head):
        text += piece
        if len(text) >= _LOOK_AT:
            break
    if not text:
        raise BadInput("body", "The gzip file holds nothing. Send a file with at least one row.")
    if text.startswith(MAGIC):
        raise BadInput("body", "The file is gzipped twice. Send it gzipped once, or not at all.")
    return text[:_LOOK_AT]


def _confirmed(claimed: InputFormat | None, text: bytes) -> InputFormat:
    looks_json = _JSON.match(text, marks_end(text))
    if claimed is CSV and looks_json:
        raise BadInput(
            "body", "The input is said to be CSV but begins like JSON. Send JSON Lines as application/x-ndjson."
        )
    if claimed is CSV or not (claimed or looks_json):
        return CSV
    JSON_LINES.columns(text, at_end=False)
    return JSON_LINES
