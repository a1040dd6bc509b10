"""Typed columns."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from pydantic import Field

from outlast.report import Document, Report, Row


class Typed(Row):
    id: str
    pk: str
    at: datetime | None = None
    day: date | None = None
    hour: time | None = None
    amount: float | None = None
    qty: int | None = None
    ok: bool | None = None
    label: str | None = Field(None, alias="Label / Name.1")


class TypedRows(Report[Typed]):
    """Typed columns."""

    container, partition_key = "typed-rows", "/pk"

    def generate_report(self, row: Typed, reference: Any) -> Iterable[Document]:
        yield row.model_dump()
