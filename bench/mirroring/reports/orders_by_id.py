"""The same orders, each with a partition key of its own, so that all partitions have as many."""

from collections.abc import Iterable

from outlast.report import Document, Report, Row


class Order(Row):
    number: int
    shop: str
    amount: float
    note: str


class OrdersById(Report[Order]):
    container, partition_key = "orders-by-id", "/id"

    def generate_report(self, row: Order, reference: None) -> Iterable[Document]:
        yield {"id": f"o{row.number}", **row.model_dump()}
