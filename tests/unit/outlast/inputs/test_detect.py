"""The detection of an input's format."""

import bz2
import gzip
import io
import lzma
import zipfile
from typing import Any

import pytest

from outlast.inputs import BadInput, Reading, detect_format

TABLE = b"a,b\n1,2\n"
LINES = b'{"a":1}\n{"a":2}\n'
FORM = "application/x-www-form-urlencoded"


def read_as(content_type: str | None, filename: str | None, body: bytes, **said: Any) -> tuple[str | None, str | None]:
    """Format and compression."""
    found = detect_format(content_type, filename, body, said=Reading.from_dict(said)).reading
    return found.format, found.compression


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content_type", "filename", "body", "told"),
    [
        ("text/csv", None, TABLE, "csv"),
        ("Text/CSV; header=present; charset=UTF-8", None, TABLE, "csv"),
        ('text/csv;charset="utf-8"', None, TABLE, "csv"),
        ("application/csv; charset=us-ascii", None, TABLE, "csv"),
        ("text/csv", "flights.csv", TABLE, "csv"),
        ("text/csv", None, b"\xef\xbb\xbfa,b\n", "csv"),
        ("text/csv", None, b"{a},b\n", "csv"),
        ("application/x-ndjson", None, LINES, "jsonl"),
        ("application/jsonl", None, LINES, "jsonl"),
        ("application/x-jsonlines", None, b"\xef\xbb\xbf" + LINES, "jsonl"),
        (None, "x.CSV", TABLE, "csv"),
        (None, "2013/x.ndjson", LINES, "jsonl"),
        ("application/octet-stream", "x.jsonl", b"not json\n{}\n", "jsonl"),
        (FORM, "x.csv", TABLE, "csv"),
        (FORM, None, TABLE, "csv"),
        (FORM, None, LINES, "jsonl"),
        ("text/plain", None, b'\r\n {"a":1}', "jsonl"),
        ("application/octet-stream", "data.bin", TABLE, "csv"),
        ("application/vnd.ms-excel", "x.csv", TABLE, "csv"),
        ("", "", TABLE, "csv"),
        (None, "x.json", LINES, "jsonl"),
        (None, None, b"a,b\n1,\0\0\n" + TABLE * 100, "csv"),
    ],
)
def test_the_format_is_detected(
    content_type: str | None, filename: str | None, body: bytes, told: str, zipped: bool
) -> None:
    """Content-Type or file name decide about the format, and else the content does."""
    sent = gzip.compress(body) if zipped else body
    assert read_as(content_type, filename, sent) == (told, "gzip" if zipped else "")


@pytest.mark.parametrize(
    ("content_type", "filename"),
    [("application/gzip", None), ("application/x-gzip", "x.csv"), (None, "x.csv.gz"), (FORM, "X.CSV.GZ")],
)
def test_what_is_said_to_be_gzip_must_be(content_type: str | None, filename: str | None) -> None:
    """A claim of gzip is accepted for a gzip file and refused for another."""
    assert read_as(content_type, filename, gzip.compress(TABLE)) == ("csv", "gzip")
    with pytest.raises(BadInput, match="not gzip"):
        detect_format(content_type, filename, TABLE)


def test_a_part_of_a_gzip_file_is_enough() -> None:
    """The head may end anywhere in the compressed data."""
    sent = gzip.compress(b"".join(b"%d,%d\n" % (n, n * n) for n in range(50_000)))
    assert read_as(None, None, sent[:1000]) == ("csv", "gzip")


def archive(**files: bytes) -> bytes:
    """A zip archive of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name.replace("_", "/"), data)
    return file.getvalue()


def test_an_archive_is_what_its_member_is() -> None:
    """The file that is read decides the format, not a folder or another file before it."""
    assert read_as(None, None, archive(a_=b"", a_b=LINES)) == ("jsonl", "zip")
    both = archive(a=TABLE, b=LINES, c="é".encode("utf-16"))
    assert [read_as(None, None, both, member=name)[0] for name in "ab"] == ["csv", "jsonl"]
    assert detect_format(None, None, both, said=Reading(member="c")).reading.encoding == "utf-16"


@pytest.mark.parametrize("head", [archive(a=LINES, b=LINES), archive(a=LINES, b=LINES)[:20], archive(c=b"")])
def test_nothing_is_said_of_a_member_that_is_not_seen(head: bytes) -> None:
    """Format and encoding are left to the run, but for what the request says."""
    assert detect_format(None, None, head, said=Reading(member="c")) == (
        Reading(compression="zip", member="c"),
        b"",
        False,
    )
    found = detect_format("text/csv; charset=cp1252", "c.csv.zip", head, said=Reading(member="c")).reading
    assert (found.format, found.encoding) == ("csv", "cp1252")


def test_an_encrypted_member_is_refused_at_once() -> None:
    """Its data is not looked at."""
    sent = bytearray(archive(a=TABLE))
    sent[6] |= 1
    with pytest.raises(BadInput, match="is encrypted"):
        detect_format(None, None, bytes(sent))


def test_a_bomb_is_looked_at_only_a_little() -> None:
    """A bomb is refused by what its first 64 KiB inflate to."""
    with pytest.raises(BadInput, match="NUL"):
        detect_format(None, None, gzip.compress(b"\0" * 50_000_000))


def workbook() -> bytes:
    """The beginning of an .xlsx file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-ndjson", FORM])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"%PDF-1.7\n", "PDF"),
        (gzip.compress(b"PAR1\x15\0"), "Parquet inside another file"),
        (gzip.compress(workbook()), "zip archive inside another file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        ("a,b\n".encode("utf-16-le"), "Say encoding=utf-16-le"),
        (b"\x28\xb5\x2f\xfd\x04garbage", "zstd file is corrupt"),
        (b"BZh91AY&SYgarbage!", "bzip2 file is corrupt"),
        (lzma.compress(bz2.compress(TABLE)), "compressed twice"),
        (b"ELF\n" + bytes(range(256)) * 2 + b"\0" * 200, "binary"),
        (b"  <!DOCTYPE html><p>502", "web page"),
        (b'<?xml version="1.0"?>', "XML"),
        (b"", "empty"),
        (gzip.compress(b""), "holds nothing"),
        (gzip.compress(gzip.compress(TABLE)), "gzipped twice"),
        (b"\x1f\x8b\x08garbage of many kinds", "corrupt"),
    ],
)
def test_what_is_no_report_is_refused_by_name(content_type: str, body: bytes, says: str) -> None:
    """A body of an unsupported format is refused by that format's name, whatever its claim."""
    with pytest.raises(BadInput, match=says) as caught:
        detect_format(content_type, None, body)
    assert caught.value.field == "body"


@pytest.mark.parametrize(
    ("content_type", "filename", "body", "field", "says"),
    [
        ("text/csv", None, LINES, "body", "begins like JSON"),
        (None, "x.csv", LINES, "body", "begins like JSON"),
        ("text/csv", None, b'[{"a":1}]', "body", "begins like JSON"),
        (None, "x.parquet", TABLE, "body", "said to be Parquet but does not begin like one"),
        (None, "x.csv.zst", TABLE, "filename", "the body is not zstd"),
        ("text/csv", "x.jsonl", LINES, "filename", "The file name says jsonl, but Content-Type text/csv says csv"),
        ("multipart/form-data; boundary=x", "x.csv", TABLE, "content-type", "curl --data-binary @FILE"),
        ("image/png", None, TABLE, "content-type", "image/png cannot be read"),
        ("text/csv; charset=klingon", None, TABLE, "encoding", "no encoding 'klingon'"),
        ("text/csv; charset=rot13", None, TABLE, "encoding", "'rot13' cannot be read"),
    ],
)
def test_contradictions_are_refused(
    content_type: str | None, filename: str | None, body: bytes, field: str, says: str
) -> None:
    """Contradicting claims are refused, and the text names what to correct."""
    with pytest.raises(BadInput) as caught:
        detect_format(content_type, filename, body)
    assert caught.value.field == field
    assert says in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("content_type", [None, "text/csv; charset={encoding}"])
def test_an_encoding_that_needs_a_mark_is_refused_without_one(encoding: str, content_type: str | None) -> None:
    """An input without a byte order mark is refused where its encoding can only be read with one, and the answer says
    what to say instead, whether the caller has named the encoding or the charset."""
    media = content_type.format(encoding=encoding) if content_type else None
    said = Reading() if content_type else Reading(encoding=encoding)
    with pytest.raises(BadInput, match=f"say {encoding}-le") as caught:
        detect_format(media, None, TABLE, said=said)
    assert caught.value.field == "encoding"


@pytest.mark.parametrize(
    ("content_type", "body", "said", "encoding"),
    [
        (None, "ä,b\n".encode("utf-16"), {}, "utf-16"),
        (None, b"\xfe\xff" + "ä,b\n".encode("utf-16-be"), {}, "utf-16"),
        (None, b"\0\0\xfe\xff" + "ä,b\n".encode("utf-32-be"), {}, "utf-32"),
        (None, "ä,b\n".encode("utf-8-sig"), {}, "utf-8"),
        (None, "ä,b\n".encode("utf-16-le"), {"encoding": "utf-16-le"}, "utf-16-le"),
        ("text/csv; charset=Windows-1252", "ä,b\n".encode("cp1252"), {}, "cp1252"),
        ("text/csv; charset=us-ascii", b"a,b\n", {}, "utf-8"),
        ("text/csv; charset=latin-1", "ä,b\n".encode("cp437"), {"encoding": "cp437"}, "cp437"),
        (None, b"row,column,code,message,a\n", {"encoding": "utf-16"}, "utf-8"),
    ],
)
def test_the_encoding_is_said_or_marked(
    content_type: str | None, body: bytes, said: dict[str, str], encoding: str
) -> None:
    """What is said of the encoding decides, then the byte order mark, then the charset; a rejects file is UTF-8."""
    found = detect_format(content_type, None, body, whole=True, said=Reading.from_dict(said))
    assert (found.reading.encoding, found.text.decode().strip("\ufeff\n")[-2:], found.whole) == (
        encoding,
        ",a" if "row" in found.text.decode() else ",b",
        True,
    )


@pytest.mark.parametrize(
    ("body", "said", "form", "path"),
    [
        (b'[{"a":1}]', {}, "json", "$"),
        (b"\xef\xbb\xbf [[1]]", {}, "json", "$"),
        (b'{\n "a": 1\n}\n{"a":2}', {}, "json", ""),
        (b'{"value":[{"a":1}]}', {"path": "$.value"}, "json", "$.value"),
        (b'{"value":[{"a":1}]}', {}, "jsonl", None),
    ],
)
def test_json_is_lines_an_array_or_objects(body: bytes, said: dict[str, str], form: str, path: str | None) -> None:
    """An object that ends with its line is JSON Lines; where rows are elsewhere, the path says it."""
    found = detect_format(None, "x.json", body, said=Reading.from_dict(said)).reading
    assert (found.format, found.path) == (form, path)


@pytest.mark.parametrize(
    ("compress", "name"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")]
)
def test_compressions_are_told_by_their_first_bytes(compress: Any, name: str) -> None:
    """The compression is found by its signature, and the text inside is looked at."""
    assert read_as(None, None, compress(TABLE)) == ("csv", name)
    assert read_as(None, None, compress(LINES)) == ("jsonl", name)


def test_a_zip_archive_is_read_by_its_first_file() -> None:
    """The first file of a zip archive is looked at, stored or deflated; a workbook is none."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("lines.txt", LINES)
        assert read_as(None, None, file.getvalue()) == ("jsonl", "zip")
    assert read_as(None, None, workbook()) == ("excel", "")
    assert read_as(None, "x.parquet", b"PAR1\x15\0") == ("parquet", "")
