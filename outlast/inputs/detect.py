"""Detects format, compression and encoding of an input from what is said, Content-Type, file name and first bytes."""

import re
from collections.abc import Mapping
from contextlib import closing
from typing import IO, NamedTuple

from outlast.inputs import zipped
from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.compressed import COMPRESSIONS, inflater
from outlast.inputs.find_dialect import is_rejects
from outlast.inputs.reading import UTF_8, Reading
from outlast.inputs.signatures import compression_of, is_parquet, is_workbook, refuse_unsupported
from outlast.inputs.stages import feed_all
from outlast.inputs.transcoding import Transcoder, encoding_of, known_encoding
from outlast.inputs.types import BadInput

_TYPES: Mapping[str, str | None] = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/x-csv": "csv",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/json": "json",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "excel",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "excel",
    "application/vnd.oasis.opendocument.spreadsheet": "excel",
    "application/gzip": None,
    "application/x-gzip": None,
    "application/zstd": None,
    "application/x-bzip2": None,
    "application/x-xz": None,
    "application/zip": None,
    "": None,
    "application/octet-stream": None,
    "application/x-www-form-urlencoded": None,  # the default of curl --data-binary
    "application/vnd.ms-excel": None,  # sent by browsers on Windows for .csv
    "text/plain": None,
}
_ENDINGS: Mapping[str, str] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".ods": "excel",
}
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";]*)', re.IGNORECASE)
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{\]])')
_ARRAY = re.compile(rb"\s*\[")
_OPEN_LINE = re.compile(rb"\s*\{[ \t\r]*\n")
LOOK_AT = 64 * 1024
"""Bytes of an input, inflated, that are looked at."""


class Detected(NamedTuple):
    """`text` is how the input begins, inflated and in UTF-8; all of it if `whole`, nothing for binary formats."""

    reading: Reading
    text: bytes
    whole: bool


class _Claims(NamedTuple):
    """What is said of an input, by the caller, its Content-Type and its name."""

    said: Reading
    form: str | None
    charset: str | None


def detect_format(
    content_type: str | None, filename: str | None, head: bytes, *, whole: bool = False, said: Reading | None = None
) -> Detected:
    """How the input is read, but for what its header says.

    `head` is the beginning of the body as sent, and all of it if `whole`. What is said decides, then Content-Type or
    file name, then the content. Raises BadInput when these contradict each other, or when the input cannot be read.
    Where the file in a zip archive cannot be seen, nothing but what is said of it is known.
    """
    said = said or Reading()
    said.refuse_same_marks()
    media = _media_type(content_type)
    name = (filename or "").strip().lower()
    claims = _Claims(said, said.format or _claimed(media, name), _charset(content_type))
    if not head:
        raise BadInput("body", "The body is empty. Send the file itself, for example: curl --data-binary @FILE")
    packed = _compression(media, name, head, claims.form)
    if packed == "zip":
        return _in_archive(claims, zipped.head_of(head, said.member, LOOK_AT))
    if packed is None and (binary := _binary(claims.form, head)):
        return Detected(Reading(format=binary, compression="", encoding=UTF_8).over(said), b"", False)
    data, whole = _inflated(packed, head, whole) if packed else (head, whole)
    return _of_text(claims, packed or "", data, whole)


def detect_member(file: IO[bytes], said: Reading) -> Reading:
    """How the file in a zip archive is read. `said` is what is said, or what the beginning of the archive has shown."""
    with closing(zipped.read_member(file, said.member)) as pieces:
        head = next(pieces, b"")[:LOOK_AT]
    return _of_text(_Claims(said, said.format, None), "zip", head, False).reading


def _in_archive(claims: _Claims, head: bytes | None) -> Detected:
    if head is not None:
        return _of_text(claims, "zip", head, False)
    charset = known_encoding(claims.charset) if claims.charset else None
    unseen = Reading(compression="zip", format=claims.form, encoding=charset)
    return Detected(claims.said.over(unseen), b"", False)


def _of_text(claims: _Claims, packed: str, data: bytes, whole: bool) -> Detected:
    said, encoding = claims.said, _encoding(claims, data)
    text = _text(data, encoding)
    form = _confirmed(claims.form, text, said)
    found = Reading(compression=packed, format=form, encoding=encoding, path=_path(form, text, said))
    return Detected(found.over(said), text, whole)


def _media_type(content_type: str | None) -> str:
    media = (content_type or "").partition(";")[0].strip().lower()
    if media.startswith("multipart/"):
        message = "A form upload cannot be read. Send the file itself as the body: curl --data-binary @FILE"
        raise BadInput("content-type", message)
    if media not in _TYPES:
        known = ", ".join(name for name, form in _TYPES.items() if form)
        raise BadInput("content-type", f"Content-Type {media} cannot be read. Send one of {known}, or none.")
    return media


def _claimed(media: str, name: str) -> str | None:
    """The format that Content-Type or file name say; None when they say none."""
    by_type = _TYPES[media]
    stem = name
    for ending in (*(one.ending for one in COMPRESSIONS.values()), ".zip"):
        stem = stem.removesuffix(ending)
    by_name = next((form for ending, form in _ENDINGS.items() if stem.endswith(ending)), None)
    if by_type and by_name and by_type != by_name and {by_type, by_name} != {"json", "jsonl"}:
        message = f"The file name says {by_name}, but Content-Type {media} says {by_type}. Correct one."
        raise BadInput("filename", message)
    return by_type or by_name


def _compression(media: str, name: str, head: bytes, claimed: str | None) -> str | None:
    """The compression that the first bytes show, which what is said must not contradict."""
    found = compression_of(head)
    if found is None and head[:4] == zipped.SIGNATURE and claimed != "excel" and not is_workbook(head):
        found = "zip"
    if "gzip" in media and found != "gzip":
        raise BadInput("content-type", f"Content-Type is {media}, but the body is not gzip. Leave the type out.")
    for kind, one in COMPRESSIONS.items():
        if name.endswith(one.ending) and found != kind:
            ending = one.ending
            raise BadInput(
                "filename", f"The file name ends in {ending}, but the body is not {kind}. Leave {ending} out."
            )
    return found


def _binary(claimed: str | None, head: bytes) -> str | None:
    """The format, if the input is a workbook or Parquet; what is said must not contradict that."""
    found = "parquet" if is_parquet(head) else "excel" if is_workbook(head) else None
    if found is None and claimed in ("parquet", "excel"):
        what = {"parquet": "Parquet", "excel": "a workbook (.xlsx, .xlsb or .ods)"}[claimed]
        raise BadInput("body", f"The input is said to be {what} but does not begin like one.")
    return found


def _inflated(packed: str, head: bytes, whole: bool) -> tuple[bytes, bool]:
    """The first LOOK_AT bytes of the inflated input, and whether they are all of it."""
    text, stage = b"", inflater(packed, piece=LOOK_AT // 4)
    for piece in stage.feed(head):
        text += piece
        if len(text) > LOOK_AT:
            break
    whole = whole and len(text) <= LOOK_AT
    if whole:
        list(stage.finish())
    if not text:
        raise BadInput("body", f"The {packed} file holds nothing. Send a file with at least one row.")
    if again := compression_of(text):
        twice = (
            "gzipped twice. Send it gzipped" if again == packed == "gzip" else "compressed twice. Send it compressed"
        )
        raise BadInput("body", f"The file is {twice} once, or not at all.")
    return text[:LOOK_AT], whole


def _charset(content_type: str | None) -> str | None:
    found = _CHARSET.search(content_type or "")
    return found[1] if found else None


def _encoding(claims: _Claims, data: bytes) -> str:
    """The encoding that is said, or that of the byte order mark. A rejects file of ours is UTF-8."""
    if is_rejects(data):
        return UTF_8
    found = known_encoding(claims.said.encoding or encoding_of(data) or claims.charset or UTF_8)
    return UTF_8 if found == "ascii" else found


def _text(data: bytes, encoding: str) -> bytes:
    if encoding == UTF_8:
        refuse_unsupported(data)
        return data
    transcoder = Transcoder(encoding)
    text = b"".join(feed_all([transcoder], data))  # what may be half a character at the end is left out
    refuse_unsupported(text)
    return text


def _confirmed(claimed: str | None, text: bytes, said: Reading) -> str:
    looks_json = _JSON.match(text, marks_end(text))
    if claimed == "csv" and looks_json and said.format is None:
        raise BadInput(
            "body", "The input is said to be CSV but begins like JSON. Send JSON Lines as application/x-ndjson."
        )
    if claimed in ("csv", "fixed"):
        return claimed
    if said.path is not None or claimed == "json":
        return "json"
    if claimed is None and not looks_json:
        return "csv"
    body = text[marks_end(text) :]
    return "json" if _ARRAY.match(body) or _OPEN_LINE.match(body) else "jsonl"


def _path(form: str, text: bytes, said: Reading) -> str | None:
    """Where the rows are in JSON: at the top of an array, or one object after another, which is no path."""
    if form != "json" or said.path is not None:
        return said.path
    return "$" if _ARRAY.match(text, marks_end(text)) else ""
