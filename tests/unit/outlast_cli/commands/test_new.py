"""`outlast new` and `outlast report test` in a checkout of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from outlast_cli.profiles import Profile, Profiles, profiles_path, write_profiles
from tests.unit.outlast_cli.calling import URL, Caller
from tests.unit.outlast_cli.checkouts import ROOT, make_checkout

CASES, SAMPLES = ROOT / "tests" / "cases", ROOT / "samples"
SALES = """Sale No;Shop;Sold On;Preis;class;Note
1/a;Köln;31.01.2013;1.234,50;x;
2/b;Bonn;01.02.2013;12,00;y;a "quoted" note
3/c;Bonn;28.02.2013;NA;x;
"""
WANTED: Mapping[str, tuple[str, ...]] = {
    "sales": (
        'sale_no: str = Field(alias="Sale No")',
        'sold_on: Annotated[date, Date("%d.%m.%Y")] = Field(alias="Sold On")',
        'preis: Annotated[float, Number(decimal=",", thousands=".")] | None = Field(alias="Preis")',
        "class_: str",
        'null_values = frozenset({"NA"})',
        "quote(row.sale_no",
    ),
    "items": ("id: int", "tags: list[Any]", "size: float | None = None", 'exclude={"id"}'),
    "months": ('group_by = ("origin", "month")', "mean_day", "class Months(GroupedReport[MonthsRow])"),
    "bills": ('dialect = Csv(encoding="cp1252")', 'faellig_am: Annotated[date, Date("%d.%m.%Y")]'),
    "books": ('dialect = Excel(sheet="Deliveries")',),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with inputs and without reports."""
    folder = make_checkout(tmp_path_factory.mktemp("checkout"))
    (folder / "sales.csv").write_text(SALES, "utf-8")
    (folder / "bills.csv").write_text("Nr;Fällig am;Ort\n1;31.01.2026;Köln\n", "cp1252")
    items = [{"id": 1, "tags": ["a"]}, {"id": 2, "tags": [], "size": 1.5}]
    (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items), "utf-8")
    return folder


def in_checkout(checkout: Path, *command: object, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )


def new(checkout: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return in_checkout(checkout, "outlast_cli", "new", *arguments)


@pytest.fixture(scope="module")
def written(checkout: Path) -> dict[str, str]:
    """The source of each report that was written."""
    given: Mapping[str, tuple[object, ...]] = {
        "sales": (checkout / "sales.csv",),
        "items": (checkout / "items.jsonl", "--partition-key", "id"),
        "months": (SAMPLES / "flights-broken.csv", "--group-by", "origin,month"),
        "bills": (checkout / "bills.csv", "-o", "encoding=cp1252"),
        "books": (CASES / "deliveries.xlsx", "-o", "sheet=Deliveries"),
    }
    for name, (file, *more) in given.items():
        done = new(checkout, name, "--from", file, *more)
        assert done.returncode == 0, done.stderr
    return {name: (checkout / "reports" / f"{name}.py").read_text("utf-8") for name in given}


@pytest.mark.parametrize("name", WANTED)
def test_a_report_says_what_the_sample_shows(written: dict[str, str], name: str) -> None:
    """Types, missing values, names, form of dates and numbers, id and groups are those of the sample."""
    assert [text for text in WANTED[name] if text not in written[name]] == []


def test_what_is_written_passes_the_checks(checkout: Path, written: dict[str, str]) -> None:
    """Reports and tests that were written pass lint, format and types, and the tests pass."""
    assert written
    for check in (("ruff", "check"), ("ruff", "format", "--check")):
        done = in_checkout(checkout, *check, "reports", "tests")
        assert done.returncode == 0, done.stdout
    typed = in_checkout(checkout, "mypy", "--cache-dir", ROOT / ".mypy_cache", "reports", "tests")
    assert typed.returncode == 0, typed.stdout
    tested = in_checkout(checkout, "pytest", "-p", "no:cacheprovider", "tests")
    assert tested.returncode == 0, tested.stdout


def test_a_report_is_not_written_over(checkout: Path, written: dict[str, str]) -> None:
    """A file that is there stays unless --force says otherwise, and a wrong name or column is refused."""
    assert written
    refused = new(checkout, "sales", "--from", checkout / "sales.csv", "--yes")
    assert refused.returncode == 2
    assert "reports/sales.py is there already" in refused.stderr
    assert new(checkout, "sales", "--from", checkout / "sales.csv", "--force").returncode == 0
    assert new(checkout, "Sales", "--from", checkout / "sales.csv").returncode == 2
    unknown = new(checkout, "others", "--from", checkout / "sales.csv", "--id", "nothing")
    assert "there are: Sale No" in unknown.stderr


def test_a_wrong_encoding_is_refused_before_anything_is_written(checkout: Path) -> None:
    """A file that is not UTF-8 leads to the option that says what it is, which a report is then written with."""
    (checkout / "of cp1252.csv").write_text("No;Shop\n" + "".join(f"{n};Köln\n" for n in range(9)), "cp1252")
    refused = new(checkout, "shops", "--from", "of cp1252.csv")
    assert refused.returncode == 2
    assert "9 of its 9 rows have bytes that are not UTF-8" in refused.stderr
    assert not (checkout / "reports" / "shops.py").exists()
    assert new(checkout, "shops", "--from", "of cp1252.csv", "-o", "encoding=cp1252").returncode == 0


def test_few_wrong_values_are_told_and_become_rejects(checkout: Path) -> None:
    """A wrong value among hundreds leaves the type of its column as it is, and is told."""
    rows = [f"{n};0{1 + n % 9}.01.2026" for n in range(200)]
    (checkout / "parts.csv").write_text("\n".join(["No;Day", *rows, "200;31.09.2026", ""]), "utf-8")
    done = new(checkout, "parts", "--from", "parts.csv")
    assert "Day: 1 of 201 values are no date, such as '31.09.2026'" in done.stderr
    assert "202\tDay\tdate_form" in done.stdout


def test_a_report_is_tested_without_an_app(checkout: Path, written: dict[str, str]) -> None:
    """`report test` prints documents, rejects, time and request units, and ends with 1 where a row was rejected."""
    assert written
    (checkout / "more.csv").write_text(SALES + "4/d;Bonn;gestern;1;x;\n", "utf-8")
    (checkout / "policy.json").write_text('{"indexingMode": "none"}')
    command = ("outlast_cli", "report", "test", "sales", "more.csv")
    done = in_checkout(checkout, *command, "--json", "--policy", "policy.json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["rows"], told["rejected"], told["documents_made"]) == (1, 4, 1, 3)
    assert told["rejects"][0]["column"] == "Sold On"
    units = told["request_units"]
    assert units["policy"] == units["nothing_indexed"] < units["all_paths_indexed"]
    assert "5\tSold On\tdate_form" in in_checkout(checkout, *command).stdout


@pytest.mark.parametrize(("current", "environ"), [("prod", {}), ("local", {"OUTLAST_PROFILE": "prod"})])
def test_the_next_command_calls_the_app_of_this_machine(
    checkout: Path, tmp_path: Path, current: str, environ: dict[str, str]
) -> None:
    """Where commands call another app, the one that is shown names the profile of the local app."""
    named = {name: Profile(url=URL) for name in ("local", "prod")}
    write_profiles(profiles_path({"XDG_CONFIG_HOME": str(tmp_path)}), Profiles(current=current, named=named))
    name = f"shown_{current}"
    command = ("outlast_cli", "new", name, "--from", checkout / "sales.csv", "--yes")
    terminal = {"XDG_CONFIG_HOME": str(tmp_path), "FORCE_COLOR": "1", "COLUMNS": "500"}
    done = in_checkout(checkout, *command, **terminal, **environ)
    assert f"outlast run {name} {checkout}/sales.csv --profile local" in done.stderr


def test_outside_a_checkout_it_says_so(call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the app's code is not there, both commands say where they can be called."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    monkeypatch.chdir(tmp_path)
    for command in (("new", "x", "--from", "a.csv"), ("report", "test", "x", "a.csv")):
        done = call(*command)
        assert done.code == 2
        assert "checkout" in done.err
