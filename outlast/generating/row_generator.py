"""One row of the input → its documents, or the reject that it becomes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from outlast.cosmos.document import DocumentRefused
from outlast.cosmos.operation import columns_as
from outlast.cosmos.snapshots.header import as_generation
from outlast.generating.read_values import ReadValues, ValueRefused
from outlast.inputs import BadRow, InputRow
from outlast.key_paths import members_of
from outlast.report import Report, Row
from outlast.staging.rejects import Reject
from outlast.strict_values import unguarded

T = TypeVar("T")
AnyRow = InputRow | BadRow
Key = tuple[bytes, str]
"""Partition key as JSON, and the id that the report gave."""
Kept = tuple[int, bytes, bytes, bytes, str]
"""The columns of a staged document, and the id that the report gave it. A plain tuple, which `marshal` writes."""
Documents = dict[Key, Kept]
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of the documents of one row: they are in memory together."""


@dataclass(slots=True)
class RowGenerator:
    """`generation` is the run of a snapshot report, None for other reports. `mode` is the write mode."""

    report: Report[Any]
    reference: Any
    generation: str | None
    values: ReadValues | None = None
    """Reads values that are written in the input in a form of its own."""
    typed: bool = False
    """Each value has the type that its field wants."""
    mode: str = "upsert"
    _key: Sequence[Sequence[str]] = field(init=False)
    _validate: Callable[[dict[str, Any]], Any] = field(init=False)

    def __post_init__(self) -> None:
        self._key = members_of(self.report.partition_key)
        row = self.report.row
        self._validate = (unguarded(row) if self.typed else row.__pydantic_validator__).validate_python

    def generate(self, row: AnyRow) -> Documents | Reject:
        """The row's documents by their keys, or its reject."""
        return self._tried(row, self._documents)

    def _tried(self, row: AnyRow, work: Callable[[InputRow], T]) -> T | Reject:
        """What the work returns. A wrong value, a document that the service refuses and whatever the report raises cost
        this row alone."""
        if isinstance(row, BadRow):
            return Reject(row.number, row.column, row.code, row.message, row.fields)
        try:
            return work(row)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            column = str(first["loc"][0]) if first["loc"] else ""
            return Reject(row.number, column, first["type"], first["msg"], list(row.fields))
        except (DocumentRefused, ValueRefused) as error:
            return Reject(row.number, error.field, error.code, str(error), list(row.fields))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever the user's code raises costs this row alone
            return Reject(row.number, "", "error", _text(error), list(row.fields))

    def refused(self, row: AnyRow, code: str, message: str) -> Reject:
        """The reject of a row whose code is not to be run again."""
        return Reject(row.number, "", code, message, list(row.fields))

    def _given(self, row: InputRow) -> Any:
        """What `generate_report` is given of the row."""
        if isinstance(row.values, Row):
            return row.values
        return self._validate(row.values if self.values is None else self.values.read(row.values))

    def _documents(self, row: InputRow) -> Documents:
        documents: Documents = {}
        size = 0
        for document in self.report.generate_report(self._given(row), self.reference):
            stored = document if self.generation is None else as_generation(document, self.generation)
            key, effective, body = columns_as(self.mode, stored, self._key)
            name = str.__str__(document["id"])
            documents[key, name] = (row.number, key, effective, body, name)
            size += len(body)
            if size > MOST_BYTES:
                raise DocumentRefused("too_large", f"the row makes more than {MOST_BYTES:,} bytes of documents")
        return documents


def _text(error: BaseException) -> str:
    """Class and text of an exception. Its own `__str__` is the user's code, too."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as second:  # noqa: BLE001  # see above
        return f"{type(error).__name__}, whose text cannot be read ({type(second).__name__})"
