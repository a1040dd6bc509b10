"""JSON rows with a nested partition key."""

from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict

from outlast.report import Document, Report, Row


class Nested(Row):
    model_config = ConfigDict(extra="allow")
    id: str


class NestedRows(Report[Nested]):
    """Nested key."""

    container, partition_key = "nested-rows", "/site/city"

    def generate_report(self, row: Nested, reference: Any) -> Iterable[Document]:
        yield row.model_dump()
