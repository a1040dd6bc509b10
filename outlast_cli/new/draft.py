"""What is to be written: the parts of a report, checked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from outlast_cli.errors import Usage
from outlast_cli.new.columns import Column

NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
BAD_IN_IDS = frozenset("/\\?#")
"""Characters that an id must not have. Source: Azure documentation, "Cosmos DB service quotas"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`id_fields` and `group_by` are fields; `partition_key` is one of them, of the other columns, or `id`. `reading`
    has what a start would have to say of the input. `optional`: a row may lack the fields that may be None."""

    name: str
    source: str
    columns: Sequence[Column]
    nulls: Sequence[str]
    id_fields: Sequence[str]
    partition_key: str
    container: str
    group_by: Sequence[str] = ()
    form: str = "csv"
    reading: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False

    @property
    def class_name(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def row_columns(self) -> list[Column]:
        """The columns that the row class has: all, or those that a grouped report adds up."""
        if not self.group_by:
            return list(self.columns)
        return [one for one in self.columns if one.field in self.group_by or one in self.added]

    @property
    def added(self) -> list[Column]:
        """The numbers that a grouped report shows of each group."""
        return [one for one in self.columns if one.kind.is_number and one.field not in self.group_by][:MOST_ADDED]

    def column(self, name: str) -> Column:
        return next(one for one in self.columns if one.field == name)

    def needs_quote(self, name: str) -> bool:
        """Whether the sample has values that an id cannot have."""
        return any(BAD_IN_IDS & set(value) for value in self.column(name).counts)


MOST_ADDED = 4


def check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Usage(f"{name} cannot be a report's name", "Small letters, digits and _, a letter first: store_sales")
    return name


def field_of(columns: Sequence[Column], name: str) -> str:
    """The field of a column that is named by either; raise Usage for another name."""
    wanted = name.strip().removeprefix("/")
    for column in columns:
        if wanted in (column.field, column.name):
            return column.field
    raise Usage(f"There is no column {wanted}; there are: {', '.join(column.name for column in columns)}")
