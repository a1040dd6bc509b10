"""A sheet of deliveries: text ids, dates, numbers, a boolean."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from outlast.report import Document, Report, Row


class Delivery(Row):
    delivery: str
    arrived: datetime | None = None
    weight_kg: float | None = None
    price: float | None = None
    express: bool | None = None
    remark: str | None = None


class Deliveries(Report[Delivery]):
    """One document a delivery."""

    container, partition_key = "deliveries", "/id"

    def generate_report(self, row: Delivery, reference: Any) -> Iterable[Document]:
        yield {"id": row.delivery, **row.model_dump(mode="json", exclude={"delivery"})}
