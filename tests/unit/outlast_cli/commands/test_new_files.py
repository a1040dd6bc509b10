"""When `outlast new` writes which files."""

import sys
from pathlib import Path
from zipfile import ZipFile

import pyarrow
import pytest
from pyarrow import parquet

from outlast.inputs.said import Csv, Excel, Form, Json
from outlast.reading_options import ReadingOptions
from outlast_cli.checkout import run_draft
from outlast_cli.errors import Usage
from outlast_cli.new.placing import place, places_of
from outlast_cli.new.writing import OF_ONE_INPUT, SAID
from tests.unit.outlast_cli.calling import Caller
from tests.unit.outlast_cli.checkouts import make_checkout

SHOPS = "No;Shop\n1;Köln\n2;Bonn\n"
BILLS = "Rechnungsnr;Fällig am;Ort;Übertrag\n1;31.01.2026;Köln;1.234,50\n2;28.02.2026;Gößnitz;0,50\n"
LONG = "Köln" + "\n" * 30 + "Deutz"
MADE = [("Köln", 1234.5, "2026-01-31"), ("Gößnitz", 0.5, "2026-02-28"), (LONG, 7.0, "2026-03-01")]
ENCODINGS = {
    "utf_8": ("utf-8", ()),
    "utf_8_with_mark": ("utf-8-sig", ()),
    "cp1252": ("cp1252", ("-o", "encoding=cp1252")),
    "iso_8859_15": ("iso-8859-15", ("-o", "encoding=iso-8859-15")),
    "utf_16_with_mark": ("utf-16", ()),
    "utf_16": ("utf-16", ("-o", "encoding=utf-16")),
    "utf_16_be": ("utf-16-be", ("-o", "encoding=utf-16-be")),
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command works in this checkout; the empty function_app.py of it is not imported by later tests."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(make_checkout(folder))
    (folder / "shops.csv").write_text(SHOPS, "utf-8")
    return folder


def written_in(checkout: Path) -> list[str]:
    """Return the files that were written, with those beside their places."""
    found = [*(checkout / "reports").rglob("*"), *(checkout / "tests").rglob("*")]
    return sorted(path.name for path in found if path.is_file() and path.name != "__init__.py")


def test_nothing_is_written_unless_the_report_works(call: Caller, checkout: Path) -> None:
    """A report that could not be deployed is refused with its fault before any file is there."""
    refused = call("new", "shops", "--from", "shops.csv", "--container", "a/b")
    assert refused.code == 2
    assert "reports/shops.py, class Shops, container: must be a container's name" in refused.err
    assert written_in(checkout) == []
    assert call("new", "shops", "--from", "shops.csv").code == 0
    assert written_in(checkout) == ["shops.csv", "shops.py", "test_shops.py"]


def test_force_replaces_a_report_only_by_one_that_works(call: Caller, checkout: Path) -> None:
    """With --force the edited files stay as they are until a new report works."""
    edited = checkout / "reports" / "shops.py"
    edited.write_text("mine")
    refused = call("new", "shops", "--from", "shops.csv", "--container", "a/b", "--force")
    assert (refused.code, edited.read_text(), written_in(checkout)) == (2, "mine", ["shops.py"])
    assert call("new", "shops", "--from", "shops.csv", "--force").code == 0
    assert "class Shops(" in edited.read_text()


def test_a_file_that_cannot_be_written_leaves_the_others(tmp_path: Path) -> None:
    """Where one file has no place, no other is replaced, and nothing is left beside them."""
    (tmp_path / "a.py").write_text("mine")
    (tmp_path / "tests").touch()
    with pytest.raises(Usage, match="cannot be written"):
        place(tmp_path, {Path("a.py"): b"new", Path("tests/b.py"): b"new"})
    assert (tmp_path / "a.py").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "tests"]


def test_without_a_terminal_it_says_that_proposals_are_taken(call: Caller, checkout: Path) -> None:
    """Where nobody can be asked, one line says so, unless --yes or both keys are given; with --json there is none."""
    assert checkout.is_dir()
    told = "the proposals are taken without asking"
    new = ("new", "shops", "--from", "shops.csv", "--force")
    assert call(*new).err.count(told) == 1
    for given in (("--yes",), ("--id", "No", "--partition-key", "Shop"), ("--json",)):
        done = call(*new, *given)
        assert (done.code, told in done.err) == (0, False)


@pytest.mark.parametrize(("nulls", "written"), [("NA", '("NA",)'), ("NA,-", '("NA", "-")')])
def test_nulls_are_written_as_the_dialect_has_them(call: Caller, checkout: Path, nulls: str, written: str) -> None:
    """Texts that stand for no value become a tuple of the dialect, and the report reads them so."""
    (checkout / "prices.csv").write_text("No;Price\n1;NA\n2;1.5\n", "utf-8")
    done = call("new", "prices", "--from", "prices.csv", "-o", f"nulls={nulls}", "--id", "No")
    assert done.code == 0, done.err
    source = (checkout / "reports" / "prices.py").read_text("utf-8")
    assert f"dialect = Csv(nulls={written})" in source
    made = run_draft(checkout, "prices", source, "prices.csv", (checkout / "prices.csv").read_bytes())
    assert [one["price"] for one in made.documents] == [None, 1.5]


def test_a_member_is_no_part_of_the_dialect(call: Caller, checkout: Path) -> None:
    """The file of an archive that is read is said again with each start, and the report does not name it."""
    with ZipFile(checkout / "all.zip", "w") as archive:
        archive.writestr("a.csv", "Other\n1\n")
        archive.writestr("b.csv", SHOPS)
    done = call("new", "shops", "--from", "all.zip", "-o", "member=b.csv")
    assert done.code == 0, done.err
    assert "dialect" not in (checkout / "reports" / "shops.py").read_text("utf-8")


def test_an_option_that_a_format_does_not_have_is_a_wrong_call(call: Caller, checkout: Path) -> None:
    """An option that no report of the file's format can say ends with 2 and writes nothing."""
    parquet.write_table(pyarrow.table({"no": [1, 2]}), checkout / "shops.parquet")
    for given, form in (("shops.parquet", "parquet"), ("shops.csv", "csv")):
        done = call("new", "shops", "--from", given, "-o", "sheet=2")
        assert (done.code, f"-o sheet does not say how {form} is read" in done.err) == (2, True)
    assert written_in(checkout) == []


def test_the_options_are_those_of_the_dialects() -> None:
    """The options that become a dialect are those that its class and a start both have, and the others are of one
    input."""
    forms: tuple[type[Form], ...] = (Csv, Json, Excel)
    options = set(ReadingOptions.model_fields)
    assert {one.__name__: one.model_fields.keys() & options for one in forms} == SAID
    assert options - set().union(*SAID.values()) == OF_ONE_INPUT


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize("name", ENCODINGS)
def test_the_sample_is_read_as_the_file_is(call: Caller, checkout: Path, name: str, ending: str) -> None:
    """In every encoding the report reads the values of its sample as they are in the file, and no row is a reject.

    The sample is JSON Lines where the first lines of the file end inside a value.
    """
    encoding, options = ENCODINGS[name]
    content, wanted = (BILLS, MADE[:2]) if ending == ".csv" else (f'{BILLS}3;01.03.2026;"{LONG}";7,00\n', MADE)
    (checkout / "bills.csv").write_bytes(content.encode(encoding))
    done = call("new", f"bills_{name}", "--from", "bills.csv", "--id", "Rechnungsnr", *options)
    assert done.code == 0, done.err
    report, test, sample = (checkout / path for path in places_of(f"bills_{name}", ending))
    made = run_draft(checkout, report.stem, report.read_text("utf-8"), sample.name, sample.read_bytes())
    assert [(one["ort"], one["uebertrag"], one["faellig_am"]) for one in made.documents] == wanted
    assert f"== ({len(wanted)}, {len(wanted)}, 0)" in test.read_text("utf-8")


def test_a_sample_has_no_row_that_cannot_be_read(call: Caller, checkout: Path) -> None:
    """A row with a byte that the encoding does not have is a reject of the file, and is not in the sample."""
    (checkout / "shops.csv").write_bytes("No;Shop\n1;Köln\n".encode("cp1252") + b"2;\x81\n" + b"3;Ulm\n" * 200)
    done = call("new", "shops", "--from", "shops.csv", "-o", "encoding=cp1252", "--id", "No")
    assert "1 of 202 rows cannot be read" in done.err
    sample = (checkout / "tests/unit/reports/shops.jsonl").read_text("cp1252")
    assert sample.startswith('{"No": "1", "Shop": "Köln"}\n{"No": "3", "Shop": "Ulm"}\n')
