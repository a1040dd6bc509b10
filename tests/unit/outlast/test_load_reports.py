import hashlib
import itertools
from pathlib import Path

import pytest

from outlast.load_reports import ReportError, load_reports
from outlast.report import MODES
from outlast.run_options import HOST_PARAMETERS, Options

_NUMBERS = itertools.count()
GOOD = """
from outlast.report import Parameters, Report, Row

class Sale(Row):
    id: str

class Sales(Report[Sale]):
    container = "sales"
    partition_key = "/shop"

    def generate_report(self, row, reference):
        yield {"id": row.id, "shop": "a"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of reports with a unique name, because a module is imported only once."""
    monkeypatch.syspath_prepend(str(tmp_path))
    found = tmp_path / f"reports_{next(_NUMBERS)}"
    found.mkdir()
    return found


def write(folder: Path, text: str, name: str = "sales") -> None:
    (folder / f"{name}.py").write_text(text, "utf-8")


def refuse(folder: Path, text: str) -> str:
    write(folder, text)
    with pytest.raises(ReportError) as caught:
        load_reports(folder)
    return str(caught.value)


def test_a_report_knows_its_source(folder: Path) -> None:
    """Receipts name the code that made a run's documents: the hash of the report's file."""
    write(folder, GOOD)
    assert load_reports(folder)["sales"].source_sha256 == hashlib.sha256(GOOD.encode()).hexdigest()


def test_reports_are_found_by_their_file_names(folder: Path) -> None:
    """Each file is the report of that name with its row class, except files that begin with _."""
    write(folder, GOOD, "sales")
    write(folder, GOOD, "more_sales")
    write(folder, "raise SystemExit", "_draft")
    reports = load_reports(folder)
    assert {name: report.name for name, report in reports.items()} == {"sales": "sales", "more_sales": "more_sales"}
    assert reports["sales"].row.__name__ == "Sale"


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('container = "sales"', "", "container"),
        ('container = "sales"', "container = 7", "container"),
        ('container = "sales"', 'container = "a/b"', "container"),
        ('container = "sales"', 'container = ""', "container"),
        ('container = "sales"', 'container = "runs"', "container"),
        ('partition_key = "/shop"', "", "partition_key"),
        ('partition_key = "/shop"', 'partition_key = "shop"', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = ["/shop"]', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; mode = "append"', "mode"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; mode = None', "mode"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; parameters = dict', "parameters"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; parameters = Parameters()', "parameters"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; reads = ["airlines"]', "reads"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; reads = {"airlines": "id"}', "reads"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; min_rows = -1', "min_rows"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; min_rows = None', "min_rows"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; plan_first = "yes"', "plan_first"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; queried = "/shop"', "queried"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; queried = ("shop",)', "queried"),
        ('partition_key = "/shop"', 'partition_key = "/id"; mode = "snapshot"', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = "/id/x"; mode = "snapshot"', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = "/snapshot_run"; mode = "snapshot"', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = "/snapshot_header/run"; mode = "snapshot"', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = ("/shop",)', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = ("/a", "/b", "/c", "/d")', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = ("/a", "/a")', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = ("/a", "/a/b")', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = ("/a", "b")', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = ("/a", "/id"); mode = "snapshot"', "partition_key"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; reads = {"airlines": ("/id",)}', "reads"),
        (
            'partition_key = "/shop"',
            'partition_key = "/shop"; schedule = "0 2 * * *"; scheduled_input = "a"',
            "schedule",
        ),
        ('partition_key = "/shop"', 'partition_key = "/shop"; schedule = 2; scheduled_input = "a"', "schedule"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; schedule = "0 0 2 * * *"', "scheduled_input"),
        ('partition_key = "/shop"', 'partition_key = "/shop"; scheduled_input = "a"', "scheduled_input"),
        (
            'partition_key = "/shop"',
            'partition_key = "/shop"; schedule = "0 0 2 * * *"; scheduled_input = "{day}"',
            "scheduled_input",
        ),
        ("Report[Sale]", "Report", "row"),
        ("Report[Sale]", "Report[Row]", "row"),
        ("def generate_report", "def generate_reports", "generate_report"),
        ("def generate_report", "async def generate_report", "generate_report"),
        ("def generate_report", "def read_data_from_db(self, d, p): ...\n    def generate_report", "read_data_from_db"),
    ],
)
def test_an_error_names_file_class_and_field(folder: Path, before: str, after: str, field: str) -> None:
    """A missing or wrong setting of a report is refused with its file, class and field."""
    assert before in GOOD
    assert refuse(folder, GOOD.replace(before, after)).startswith(f"{folder.name}/sales.py, class Sales, {field}: ")


@pytest.mark.parametrize("name", sorted([*Options.model_fields, *HOST_PARAMETERS, "report", "input"]))
def test_a_parameter_must_not_have_a_name_of_the_start_endpoint(folder: Path, name: str) -> None:
    """A report with a parameter that an option of the run or the host would shadow is refused when it is loaded."""
    choice = f"class Choice(Parameters):\n    {name}: int = 0\n\nclass Sales("
    text = GOOD.replace("class Sales(", choice).replace('"/shop"', '"/shop"\n    parameters = Choice')
    assert refuse(folder, text) == (
        f"{folder.name}/sales.py, class Sales, parameters: {name} is a name that the start endpoint uses itself"
    )


def test_an_alias_must_not_be_such_a_name_either(folder: Path) -> None:
    """A reserved name is refused as an alias, too, because the alias is the name in the query."""
    choice = "class Choice(Parameters):\n    key: str = pydantic.Field('', alias='code')\n\nclass Sales("
    text = "import pydantic\n" + GOOD.replace("class Sales(", choice).replace(
        '"/shop"', '"/shop"\n    parameters = Choice'
    )
    assert refuse(folder, text).endswith("parameters: code is a name that the start endpoint uses itself")


def test_a_file_with_two_reports_is_refused(folder: Path) -> None:
    """A file with two reports is refused, because its name can name only one."""
    text = GOOD + "\nclass More(Sales):\n    pass\n"
    assert refuse(folder, text) == f"{folder.name}/sales.py must define one subclass of Report, but defines 2"


def test_a_file_without_a_report_is_refused(folder: Path) -> None:
    """A file whose only report is an imported one is refused."""
    assert refuse(folder, "from outlast.report import Report\n").endswith("but defines 0")


@pytest.mark.parametrize(
    ("text", "fault"),
    [("import nowhere_to_be_found", "ModuleNotFoundError"), ("class", "SyntaxError"), ("1 / 0", "Zero")],
)
def test_a_file_that_cannot_be_imported_is_named(folder: Path, text: str, fault: str) -> None:
    """The error has the file's name and what its import raised."""
    message = refuse(folder, text)
    assert message.startswith(f"{folder.name}/sales.py cannot be imported: ")
    assert fault in message


@pytest.mark.parametrize("key", ["/run", "/current", "/previous", "/report", "/documents", "/identity"])
def test_a_snapshot_may_have_other_partition_keys(folder: Path, key: str) -> None:
    """Names of members of the header are free for a snapshot's partition key, and /id is free for other modes."""
    write(folder, GOOD.replace('partition_key = "/shop"', f'partition_key = "{key}"; mode = "snapshot"'))
    write(folder, GOOD.replace('"/shop"', '"/id"'), "by_id")
    assert [report.partition_key for report in load_reports(folder).values()] == ["/id", key]


def test_a_nested_partition_key_is_taken(folder: Path) -> None:
    """A partition key may be a path of several members."""
    write(folder, GOOD.replace('"/shop"', '"/place/shop"'))
    assert load_reports(folder)["sales"].partition_key == "/place/shop"


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_takes_a_hierarchical_partition_key(folder: Path, mode: str) -> None:
    """A partition key may be two or three paths, in each write mode."""
    text = GOOD.replace('"/shop"', '("/tenant", "/of/user", "/of/day")') + f'    mode = "{mode}"\n'
    write(folder, text)
    (report,) = load_reports(folder).values()
    assert (report.partition_key, report.mode) == (("/tenant", "/of/user", "/of/day"), mode)


def test_a_schedule_needs_defaults_for_all_parameters(folder: Path) -> None:
    """A report with a schedule and a parameter without a default is refused, because nobody gives it a value."""
    choice = "class Choice(Parameters):\n    shop: str\n\nclass Sales("
    more = '"/shop"; parameters = Choice; schedule = "%AT%"; scheduled_input = "{date:%Y}.csv"'
    text = GOOD.replace("class Sales(", choice).replace('"/shop"', more)
    assert refuse(folder, text).endswith("schedule: a schedule gives no parameters, and shop has no default")
