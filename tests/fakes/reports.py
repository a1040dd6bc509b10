"""A report for tests, and input for it."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from azure.cosmos.aio import DatabaseProxy

from outlast.key_paths import KeyPaths
from outlast.report import Document, Parameters, Report, Row

SOURCE = "5a1e" * 16
"""As if it were the hash of the report's file."""


class Sale(Row):
    id: str
    shop: str
    amount: float
    copies: int = 1


class Choice(Parameters):
    factor: int = 1


class Sales(Report[Sale]):
    """Sales by shop: a row makes as many documents as it has `copies`; the shop `raise` raises."""

    name = "sales"
    row = Sale
    source_sha256 = SOURCE
    container = "sales"
    partition_key: ClassVar[KeyPaths] = "/shop"
    parameters = Choice

    async def read_data_from_db(self, database: DatabaseProxy, parameters: Choice) -> Any:
        return {"factor": parameters.factor}

    def generate_report(self, row: Sale, reference: Any) -> Iterable[Document]:
        if row.shop == "raise":
            raise LookupError("no such shop")
        for copy in range(row.copies):
            yield {"id": f"{row.id}.{copy}", "shop": row.shop, "amount": row.amount * reference["factor"]}


class Stock(Sales):
    """The same rows as a snapshot."""

    name = "stock"
    container = "stock"
    mode = "snapshot"


class NewSales(Sales):
    """The same documents, none of which may be there."""

    name = "new_sales"
    container = "new_sales"
    mode = "create"


class Prices(Sales):
    """Sets the amount of sales that are there, and so many members that it takes two patches."""

    name = "prices"
    container = "prices"
    mode = "patch"

    def generate_report(self, row: Sale, reference: Any) -> Iterable[Document]:
        for document in super().generate_report(row, reference):
            yield {**document, **{f"m{n}": row.amount for n in range(12)}}


class Returns(Sales):
    """Deletes the sales that the rows name."""

    name = "returns"
    container = "returns"
    mode = "delete"


class Visits(Sales):
    """The same documents under a hierarchical partition key."""

    name = "visits"
    container = "visits"
    partition_key = ("/shop", "/of/day")

    def generate_report(self, row: Sale, reference: Any) -> Iterable[Document]:
        for document in super().generate_report(row, reference):
            yield {**document, "of": {"day": int(row.amount) % 4}}


class Shelf(Sales):
    """The same rows as a mirror."""

    name = "shelf"
    container = "shelf"
    mode = "mirror"


REPORTS: Mapping[str, Report[Any]] = {"sales": Sales()}
OF_MODES: Mapping[str, Report[Any]] = {"new_sales": NewSales(), "prices": Prices(), "returns": Returns()}
HIERARCHICAL: Mapping[str, Report[Any]] = {"visits": Visits()}
WITH_SNAPSHOT: Mapping[str, Report[Any]] = {**REPORTS, "stock": Stock()}
ALL_REPORTS: Mapping[str, Report[Any]] = {**WITH_SNAPSHOT, **OF_MODES, **HIERARCHICAL, "shelf": Shelf()}
WITH_MIRROR: Mapping[str, Report[Any]] = {**WITH_SNAPSHOT, "shelf": Shelf()}
HEADER = b"id,shop,amount,copies\n"


def make_csv(rows: int, shops: int = 3, bad: Iterable[int] = ()) -> bytes:
    """Return that many sales. The rows whose index (from 0) is in `bad` have no number for an amount."""
    wrong = set(bad)
    lines = (b"s%04d,shop%d,%b,1\n" % (n, n % shops, b"?" if n in wrong else b"%d" % n) for n in range(rows))
    return HEADER + b"".join(lines)
