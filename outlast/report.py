"""What a report is: the classes that users subclass in `reports/`, one report a file."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from pydantic import ConfigDict, model_validator

from outlast.aggregates.group import Group
from outlast.errors import Permanent
from outlast.inputs.said import Csv, Excel, FixedWidth, Form, Json
from outlast.key_paths import KeyPaths
from outlast.row_types import Date, ExcelDate, Number, UnixTime
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
    "GroupedReport",
    "Json",
    "Number",
    "Parameters",
    "Report",
    "Row",
    "UnixTime",
    "known_report",
]
MODES = ("upsert", "create", "patch", "delete", "snapshot", "mirror")
Document = dict[str, Any]
Database: TypeAlias = "DatabaseProxy"
"""The database as the asynchronous client of azure-cosmos gives it. Only a type, so a report loads no client."""


class Row(StrictModel):
    """One row of the input. A wrong value rejects the row with column, code and message. An empty field is None."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    null_values: ClassVar[frozenset[str]] = frozenset()
    """Further texts that mean a missing value in this input, such as `NA`."""

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_none(cls, values: Any) -> Any:
        if not cls.null_values or _has_none_of(cls.null_values, values):
            return values
        return {name: None if isinstance(v, str) and v in cls.null_values else v for name, v in values.items()}


def _has_none_of(texts: frozenset[str], values: Mapping[str, Any]) -> bool:
    try:
        return texts.isdisjoint(values.values())
    except TypeError:  # a list or an object of JSON is among them
        return False


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
    `mirror`: the container becomes what the input says. Only what has changed is written, and what the report stored
    before and is gone from the input is deleted. A failed run leaves what it wrote, and the next one makes it right.
    """
    max_delete_percent: ClassVar[float] = 20.0
    """A run of a mirror report that would delete more of its documents fails before anything is written. A start may
    choose another percentage."""
    duplicates: ClassVar[str] = "last"
    """What becomes of rows that make the same document, with one id and partition key, at any distance: `last` stores
    that of the last row of the file, `first` that of the first, `reject` none. A row that has no document left is a
    reject."""
    min_rows: ClassVar[int] = 1
    """A run that has fewer rows left to store fails before anything is written. A start may choose another number."""
    notify: ClassVar[str] = "failed"
    """Of which end of a run people are told by email: `failed`, `completed`, `always` or `never`. A start may choose
    another."""
    plan_first: ClassVar[bool] = False
    """Whether a run waits before it stores, until a person approves its plan. A start may choose otherwise."""
    queried: ClassVar[tuple[str, ...]] = ()
    """The paths that the container's readers filter or sort by, such as `/carrier`. A plan says what an indexing policy
    of these alone would save."""
    parameters: ClassVar[type[Parameters]] = Parameters
    dialect: ClassVar[Form | None] = None
    """The form of the inputs where it is not found by itself, such as `Csv(delimiter=";", decimal=",")`."""
    schedule: ClassVar[str] = ""
    """When the app starts the report itself, with `scheduled_input`: NCRONTAB with six fields, in UTC, such as
    `0 0 2 * * *`."""
    scheduled_input: ClassVar[str] = ""
    """The file, folder or pattern below INPUTS_URL, with the date: `daily/flights-{date:%Y-%m-%d}.csv`."""
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
