"""The same orders, upserted."""

from collections.abc import Iterable

from outlast.report import Document, Report, Row


class Order(Row):
    number: int
    shop: str
    amount: float
    note: str


class PlainOrders(Report[Order]):
    container, partition_key = "plain-orders", "/shop"

    def generate_report(self, row: Order, reference: None) -> Iterable[Document]:
        yield {"id": f"o{row.number}", **row.model_dump()}
