"""The detection of an input's format."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from outlast.inputs import CSV, JSON_LINES, BadInput, InputFormat, detect_format

TABLE = b"a,b\n1,2\n"
LINES = b'{"a":1}\n{"a":2}\n'
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content_type", "filename", "body", "told"),
    [
        ("text/csv", None, TABLE, CSV),
        ("Text/CSV; header=present; charset=UTF-8", None, TABLE, CSV),
        ('text/csv;charset="utf-8"', None, TABLE, CSV),
        ("application/csv; charset=us-ascii", None, TABLE, CSV),
        ("text/csv", "flights.csv", TABLE, CSV),
        ("text/csv", None, b"\xef\xbb\xbfa,b\n", CSV),
        ("text/csv", None, b"{a},b\n", CSV),
        ("application/x-ndjson", None, LINES, JSON_LINES),
        ("application/jsonl", None, LINES, JSON_LINES),
        ("application/x-jsonlines", None, b"\xef\xbb\xbf" + LINES, JSON_LINES),
        (None, "x.CSV", TABLE, CSV),
        (None, "2013/x.ndjson", LINES, JSON_LINES),
        ("application/octet-stream", "x.jsonl", b"not json\n{}\n", JSON_LINES),
        (FORM, "x.csv", TABLE, CSV),
        (FORM, None, TABLE, CSV),
        (FORM, None, LINES, JSON_LINES),
        ("text/plain", None, b'\r\n {"a":1}', JSON_LINES),
        ("application/octet-stream", "data.bin", TABLE, CSV),
        ("application/vnd.ms-excel", "x.csv", TABLE, CSV),
        ("", "", TABLE, CSV),
        (None, "x.json", LINES, JSON_LINES),
        (None, None, b"a,b\n1,\0\0\n" + TABLE * 100, CSV),
    ],
)
def test_the_format_is_detected(
    content_type: str | None, filename: str | None, body: bytes, told: InputFormat, zipped: bool
) -> None:
    """Content-Type or file name decide about the format, and else the content does."""
    sent = gzip.compress(body) if zipped else body
    assert detect_format(content_type, filename, sent) == (told, zipped)


@pytest.mark.parametrize(
    ("content_type", "filename"),
    [("application/gzip", None), ("application/x-gzip", "x.csv"), (None, "x.csv.gz"), (FORM, "X.CSV.GZ")],
)
def test_what_is_said_to_be_gzip_must_be(content_type: str | None, filename: str | None) -> None:
    """A claim of gzip is accepted for a gzip file and refused for another."""
    assert detect_format(content_type, filename, gzip.compress(TABLE)) == (CSV, True)
    with pytest.raises(BadInput, match="not gzip"):
        detect_format(content_type, filename, TABLE)


def test_a_part_of_a_gzip_file_is_enough() -> None:
    """The head may end anywhere in the compressed data."""
    sent = gzip.compress(b"".join(b"%d,%d\n" % (n, n * n) for n in range(50_000)))
    assert detect_format(None, None, sent[:1000]) == (CSV, True)


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
        (workbook(), "Excel workbook or a zip archive"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PAR1\x15\0", "Parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        ("a,b\n".encode("utf-16"), "UTF-16. Save the file as UTF-8"),
        (b"\xfe\xff" + "a,b\n".encode("utf-16-be"), "UTF-16"),
        ("a,b\n".encode("utf-16-le"), "binary or UTF-16"),
        (b"\0\0\xfe\xff\0\0\0a", "UTF-32"),
        (bz2.compress(TABLE), "bzip2"),
        (lzma.compress(TABLE), "xz"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd"),
        (b"ELF\n" + bytes(range(256)) * 2 + b"\0" * 200, "binary"),
        (b"  <!DOCTYPE html><p>502", "web page"),
        (b'<?xml version="1.0"?>', "XML"),
        (b"", "empty"),
        (gzip.compress(b""), "holds nothing"),
        (gzip.compress(gzip.compress(TABLE)), "gzipped twice"),
        (b"\x1f\x8b\x08garbage of many kinds", "corrupt"),
        (b'[{"a":1}]', "JSON"),
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
        ("application/jsonl", None, TABLE, "body", "no line begins with '{'"),
        (FORM, "x.jsonl", TABLE, "body", "no line begins with '{'"),
        ("text/csv", "x.jsonl", LINES, "filename", "The file name says jsonl, but Content-Type text/csv says csv"),
        ("multipart/form-data; boundary=x", "x.csv", TABLE, "content-type", "curl --data-binary @FILE"),
        ("application/json", None, LINES, "content-type", "application/x-ndjson"),
        ("image/png", None, TABLE, "content-type", "image/png cannot be read"),
        ("text/csv; charset=iso-8859-1", None, TABLE, "content-type", "charset iso-8859-1"),
        ('text/plain; Charset="utf-16"', None, TABLE, "content-type", "charset utf-16"),
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
