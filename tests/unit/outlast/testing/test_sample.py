import zipfile
from pathlib import Path

import pytest

from outlast.inputs import BadInput, Reading
from outlast.testing import sample as samples
from outlast.testing.sample import read_sample

CASES = Path(__file__).resolve().parents[3] / "cases"


def file_of(tmp_path: Path, content: bytes, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """The delimiter is that under which the rows have as many fields as the header."""
    lines = ["id,a:b,c d", "1,x:y,1.5", "2,z,2.5"] if delimiter == "," else ["id,name,at", "1,x:1,2,5", "2,y,3,5"]
    if delimiter != ",":
        lines = [delimiter.join(line.split(",", 2)) for line in lines]
    found = read_sample(file_of(tmp_path, "\n".join(lines).encode()))
    assert (len(found.columns), len(found.rows), found.bad) == (3, 2, 0)
    assert found.reading.delimiter == delimiter


def test_a_part_of_a_large_file_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large file the first whole lines are read, and of many rows the first ones."""
    monkeypatch.setattr(samples, "MOST_BYTES", 40)
    path = file_of(tmp_path, b"id,n\n" + b"".join(b"%d,x\n" % n for n in range(100)))
    found = read_sample(path)
    assert 5 < len(found.rows) < 12
    assert not found.whole
    assert len(read_sample(path, most_rows=3).rows) == 3


def test_other_formats_have_rows(tmp_path: Path) -> None:
    """JSON, JSON Lines and workbooks have rows with values of their own types."""
    lines = file_of(tmp_path, b'{"a": 1}\n{"a": 2, "b": null}\n', "a.jsonl")
    assert read_sample(lines).columns == ["a", "b"]
    assert read_sample(file_of(tmp_path, b'[{"a": 1}]', "a.json")).rows == [{"a": 1}]
    book = read_sample(CASES / "deliveries.xlsx")
    assert book.rows


def test_a_member_that_lies_far_in_an_archive_has_rows(tmp_path: Path) -> None:
    """Its format is found in the file itself, as a run finds it."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("large", bytes(100_000))
        archive.writestr("a.json", '[{"a": 1}]')
    assert read_sample(tmp_path / "a.zip", Reading(member="a.json")).rows == [{"a": 1}]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A delimiter that was said must fit, and one that cannot be told is asked for."""
    with pytest.raises(BadInput):
        read_sample(file_of(tmp_path, b""))
    one = read_sample(file_of(tmp_path, b"id\n1\n"))
    assert one.columns == ["id"]
    assert read_sample(file_of(tmp_path, b"a;b\n1;2\n"), Reading(delimiter=",")).columns == ["a;b"]
