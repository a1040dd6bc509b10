"""The same orders, as a snapshot."""

from collections.abc import Iterable

from outlast.report import Document, Report, Row


class Order(Row):
    number: int
    shop: str
    amount: float
    note: str


class SnapshotOrders(Report[Order]):
    container, partition_key, mode = "snapshot-orders", "/shop", "snapshot"

    def generate_report(self, row: Order, reference: None) -> Iterable[Document]:
        yield {"id": f"o{row.number}", **row.model_dump()}
