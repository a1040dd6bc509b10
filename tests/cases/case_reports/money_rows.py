"""Decimal and Enum columns."""

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any

from outlast.report import Document, Report, Row


class Kind(Enum):
    sale = "sale"
    refund = "refund"


class Money(Row):
    id: str
    pk: str
    price: Decimal
    kind: Kind | None = None


class MoneyRows(Report[Money]):
    """Decimal prices."""

    container, partition_key = "money-rows", "/pk"

    def generate_report(self, row: Money, reference: Any) -> Iterable[Document]:
        yield row.model_dump()
