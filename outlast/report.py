"""What a report is: the classes that users subclass in `reports/`, one report a file, checked when they are loaded."""

import importlib
import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar, get_args

from pydantic import ConfigDict, model_validator

from outlast.aggregates.faults import aggregates_of, faults_of_group
from outlast.aggregates.group import Group
from outlast.errors import OutlastError, Permanent
from outlast.inputs.said import Csv, Excel, FixedWidth, Form, Json
from outlast.key_paths import MOST_LEVELS, KeyPaths, members_of
from outlast.models import RUNS_CONTAINER, SNAPSHOT_HEADER, SNAPSHOT_ID, SNAPSHOT_RUN
from outlast.row_types import Date, ExcelDate, Number, UnixTime
from outlast.run_options import RESERVED_PARAMETERS
from outlast.strict_values import StrictModel

if TYPE_CHECKING:
    from azure.cosmos.aio import DatabaseProxy

__all__ = [
    "Csv",
    "Database",
    "Date",
    "Document",
    "Excel",
    "ExcelDate",
    "FixedWidth",
    "Json",
    "Number",
    "Parameters",
    "Report",
    "ReportError",
    "Row",
    "UnixTime",
    "known_report",
    "load_report",
    "load_reports",
]
_OF_SNAPSHOTS = frozenset({"id", SNAPSHOT_RUN, SNAPSHOT_ID, SNAPSHOT_HEADER})
MODES = ("upsert", "create", "patch", "delete", "snapshot")
Document = dict[str, Any]
Database: TypeAlias = "DatabaseProxy"
"""The database as the asynchronous client of azure-cosmos gives it. Only a type, so a report loads no client."""


class ReportError(OutlastError):
    """A report file cannot be used. The text names file, class and field."""


class Row(StrictModel):
    """One row of the input. A wrong value rejects the row with column, code and message. An empty field is None."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    null_values: ClassVar[frozenset[str]] = frozenset()
    """Further texts that mean a missing value in this input, such as `NA`."""

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_none(cls, values: Any) -> Any:
        if not cls.null_values:
            return values
        return {name: None if isinstance(v, str) and v in cls.null_values else v for name, v in values.items()}


class Parameters(StrictModel):
    """What a caller may set for one run, in the query or under `parameters`.

    An unknown name is refused. So is a number that is not finite, because the run record is JSON.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


RowT = TypeVar("RowT", bound=Row)


class Report(Generic[RowT]):
    """One job: `generate_report` makes documents of each row, and the app stores them."""

    container: ClassVar[str]
    """Where the documents go."""
    partition_key: ClassVar[KeyPaths]
    """Path of the container's partition key in each document, such as `/carrier`; of a hierarchical key two or three
    paths, such as `("/tenant", "/user")`."""
    mode: ClassVar[str] = "upsert"
    """`upsert`: documents replace those with the same id and partition key. A failed run leaves what it wrote.
    `create`: the same, but a document that is there already stays, and its row is a reject `exists`.
    `patch`: the members of each document are set in the one that is there; where there is none, its row is a reject
    `missing`. `delete`: each document names, by id and partition key, one that is to be deleted.
    `snapshot`: each run writes its own generation, and readers see the newest complete one; a failed run leaves none.
    """
    duplicates: ClassVar[str] = "last"
    """What becomes of rows that make the same document, with one id and partition key, at any distance: `last` stores
    that of the last row of the file, `first` that of the first, `reject` none. A row that has no document left is a
    reject."""
    min_rows: ClassVar[int] = 1
    """A run that has fewer rows left to store fails before anything is written. A start may choose another number."""
    parameters: ClassVar[type[Parameters]] = Parameters
    dialect: ClassVar[Form | None] = None
    """The form of the inputs where it is not found by itself, such as `Csv(delimiter=";", decimal=",")`."""
    reads: ClassVar[Mapping[str, KeyPaths]] = {}
    """Other containers that `read_data_from_db` reads, each with its partition key."""
    row: ClassVar[type[Row]]
    name: ClassVar[str]
    grouped: ClassVar[bool] = False
    source_sha256: ClassVar[str] = ""
    """SHA-256 of the report's file in hex, set when it is loaded."""

    async def read_data_from_db(self, database: Database, parameters: Any) -> Any:
        """Read what the rows need and return any JSON value of at most 16 MB.

        It is called once a run, in a process and with a client of its own, and `generate_report` receives the value for
        every row.
        """
        return None

    @property
    def reads_data(self) -> bool:
        """Whether the report has a `read_data_from_db` of its own."""
        return type(self).read_data_from_db is not Report.read_data_from_db

    def generate_report(self, row: Any, reference: Any) -> Iterable[Document]:
        """Yield the row's documents: none, one or many. An exception rejects this row alone.

        It runs in a child process. A row that takes longer than 10 s (an eighth of functionTimeout, if that is less) is
        stopped and rejected. `reference` is what `read_data_from_db` returned, through JSON. All rows of a run in this
        process share it, so treat it as read-only: a change would be seen by some of the later rows and not by others.
        """
        raise NotImplementedError


class GroupedReport(Report[RowT]):
    """One job: all rows are added into groups, and `generate_report` makes documents of each group.

    Its aggregates are attributes, such as `flights = Count()`: see `outlast.aggregates`.
    """

    grouped = True
    group_by: ClassVar[tuple[str, ...]] = ()
    """The fields of the row whose values make a group. Rows with equal values are one group, None included."""

    def key(self, row: RowT) -> Any:
        """Return what makes a group in place of `group_by`: text, a number, a date or a tuple of these."""
        raise NotImplementedError

    def generate_report(self, group: Group, reference: Any) -> Iterable[Document]:
        """Yield the group's documents: none, one or many. An exception rejects all rows of this group.

        It is called once for each group of the whole input, as `Report.generate_report` is for each row.
        """
        raise NotImplementedError


def load_reports(folder: Path) -> dict[str, Report[Any]]:
    """Load all reports of a folder, by file name. Raises ReportError for the first one that cannot be used."""
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: _load(path, folder.name) for path in files}


def load_report(folder: Path, name: str) -> Report[Any]:
    """Load one report of a folder. Raises ReportError when it cannot be used."""
    return _load(folder / f"{name}.py", folder.name)


def known_report(reports: Mapping[str, Report[Any]], name: str, *, grouped: bool | None = None) -> Report[Any]:
    """The report of a run; raise Permanent where it was removed since the run was accepted, or is `grouped` no more."""
    if name not in reports:
        raise Permanent(
            f"the report {name} is not in reports/ any more; deploy it again, or delete its documents by hand"
        )
    if grouped is not None and reports[name].grouped != grouped:
        raise Permanent(
            f"the report {name} is {'a' if reports[name].grouped else 'no'} GroupedReport now, unlike when the run was "
            "accepted: start a new run"
        )
    return reports[name]


def _load(path: Path, package: str) -> Report[Any]:
    try:
        module = importlib.import_module(f"{package}.{path.stem}")
    except Exception as error:
        raise ReportError(f"{package}/{path.name} cannot be imported: {type(error).__name__}: {error}") from error
    found = [
        member
        for member in vars(module).values()
        if inspect.isclass(member) and issubclass(member, Report) and member.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ReportError(f"{package}/{path.name} must define one subclass of Report, but defines {len(found)}")
    return _checked(found[0], f"{package}/{path.name}, class {found[0].__name__}", path.stem)


def _checked(cls: type[Report[Any]], where: str, name: str) -> Report[Any]:
    for field, fault in _faults(cls):
        raise ReportError(f"{where}, {field}: {fault}")
    cls.name, cls.row = name, _row_class(cls)
    return cls()


def _faults(cls: type[Report[Any]]) -> Iterable[tuple[str, str]]:
    container, key = getattr(cls, "container", None), getattr(cls, "partition_key", None)
    if not (isinstance(container, str) and re.fullmatch(r"[^/\\?#\s][^/\\?#]{0,254}", container)):
        yield "container", f"must be a container's name, not {container!r}"
    if container == RUNS_CONTAINER:
        yield "container", f"must not be {RUNS_CONTAINER!r}, where the app keeps its own records"
    if not _is_key(key):
        yield "partition_key", f"must be a path such as /carrier, or two or three that lie apart, not {key!r}"
    elif cls.mode == "snapshot" and (taken := _OF_SNAPSHOTS & {names[0] for names in members_of(cls.partition_key)}):
        yield (
            "partition_key",
            f"must not begin with a member that the app sets in a snapshot's documents, as /{min(taken)}",
        )
    if not (isinstance(cls.reads, Mapping) and all(_is_key(key) for key in cls.reads.values())):
        yield "reads", f'must name containers and their partition keys, as {{"airlines": "/id"}}, not {cls.reads!r}'
    if cls.mode not in MODES:
        yield "mode", f"must be one of {', '.join(MODES)}, not {cls.mode!r}"
    if cls.duplicates not in ("last", "first", "reject"):
        yield "duplicates", f"must be 'last', 'first' or 'reject', not {cls.duplicates!r}"
    if not (isinstance(cls.min_rows, int) and cls.min_rows >= 0):
        yield "min_rows", f"must be a whole number from 0 on, not {cls.min_rows!r}"
    dialect: object = cls.dialect
    if not (dialect is None or isinstance(dialect, Form)):
        yield "dialect", f"must be Csv(…), Json(…), Excel(…) or FixedWidth(…), not {dialect!r}"
    yield from _faults_of_parameters(cls.parameters)
    yield from _faults_of_code(cls)
    yield from _faults_of_groups(cls)


def _faults_of_groups(cls: type[Report[Any]]) -> Iterable[tuple[str, str]]:
    if issubclass(cls, GroupedReport):
        yield from faults_of_group(cls, _row_class(cls).model_fields, cls.key is not GroupedReport.key)
    elif aggregates := aggregates_of(cls):
        yield next(iter(aggregates)), "is an aggregate, which only a GroupedReport has"


def _faults_of_parameters(parameters: object) -> Iterable[tuple[str, str]]:
    if not (inspect.isclass(parameters) and issubclass(parameters, Parameters)):
        yield "parameters", "must be a subclass of Parameters"
    elif taken := RESERVED_PARAMETERS & {field.alias or name for name, field in parameters.model_fields.items()}:
        yield "parameters", f"{', '.join(sorted(taken))} is a name that the start endpoint uses itself"


def _faults_of_code(cls: type[Report[Any]]) -> Iterable[tuple[str, str]]:
    if _row_class(cls) is Row:
        yield "row", "name the row's class, as in `class FlightDelays(Report[Flight])`"
    if cls.generate_report in (Report.generate_report, GroupedReport.generate_report):
        yield "generate_report", "is missing"
    if inspect.iscoroutinefunction(cls.generate_report) or inspect.isasyncgenfunction(cls.generate_report):
        yield "generate_report", "must be a plain `def`: it must not wait; read what it needs in read_data_from_db"
    if not inspect.iscoroutinefunction(cls.read_data_from_db):
        yield "read_data_from_db", "must be `async def`, because it waits for the database"


def _is_path(key: object) -> bool:
    return isinstance(key, str) and re.fullmatch(r"(/[^/\"]+)+", key) is not None


def _is_key(key: object) -> bool:
    """Whether this is a path, or a tuple of two or three none of which lies inside another."""
    if not isinstance(key, tuple):
        return _is_path(key)
    apart = all(not f"{one}/".startswith(f"{other}/") for one in key for other in key if one is not other)
    return 1 < len(key) <= MOST_LEVELS and all(map(_is_path, key)) and apart and len(set(key)) == len(key)


def _row_class(cls: type[Report[Any]]) -> type[Row]:
    for base in getattr(cls, "__orig_bases__", ()):
        for argument in get_args(base):
            if inspect.isclass(argument) and issubclass(argument, Row):
                return argument
    return Row
