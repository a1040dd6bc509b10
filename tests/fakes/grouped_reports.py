"""A grouped report for tests."""

from collections.abc import Iterable
from typing import Any, ClassVar

from outlast.aggregates import Collect, Count, CountDistinct, First, Group, Last, Max, Mean, Min, Quantile, Sum, TopN
from outlast.report import Document, GroupedReport
from tests.fakes.reports import Choice, Sale
from tests.fakes.world import World, call_until_done


class ShopTotals(GroupedReport[Sale]):
    """Totals by shop. The group of the shop `raise` raises, that of `huge` makes too large a document, and those
    whose names begin with `same` make one document."""

    name = "shop_totals"
    row = Sale
    container = "shop-totals"
    partition_key = "/shop"
    parameters = Choice
    group_by: ClassVar[tuple[str, ...]] = ("shop",)
    sales = Count()
    amount = Sum("amount")
    mean = Mean("amount")
    least, most = Min("amount"), Max("amount")
    first, last = First("id"), Last("id")
    ids = CountDistinct("id")
    p90 = Quantile("amount", 0.9)
    top = TopN("amount", 2, show=lambda row: row.id)
    some = Collect("id", 3)
    large = Count(where=lambda row: row.amount >= 2)

    async def read_data_from_db(self, database: Any, parameters: Choice) -> Any:
        return {"factor": parameters.factor}

    def generate_report(self, group: Group, reference: Any) -> Iterable[Document]:
        if group.shop == "raise":
            raise LookupError("no such shop")
        if group.shop == "huge":
            yield {"id": "huge", "shop": "huge", "text": "x" * 3_000_000}
            return
        shop = "same" if group.shop.startswith("same") else group.shop
        yield {**group.to_dict(), "id": shop, "shop": shop, "amount": group.amount * reference["factor"], "key": None}


class Totals(GroupedReport[Sale]):
    """The rows of each shop as one document."""

    name = "totals"
    row = Sale
    container = "totals"
    partition_key = "/shop"
    group_by = ("shop",)
    ids = Collect("id", 1_000)
    amount = Sum("amount")

    def generate_report(self, group: Group, reference: Any) -> Iterable[Document]:
        yield {"id": group.shop, "shop": group.shop, "ids": group.ids, "amount": group.amount}


GROUPED = {"shop_totals": ShopTotals()}


async def prepare_grouped(world: World, body: bytes, **fields: Any) -> int:
    """Bring run `r1` of the grouped report to `combining`, its rows added into groups; return the number of chunks."""
    await world.accept(body, **{"report": "shop_totals", "grouped": True, "state": "reading", **fields})
    chunks: int = (await call_until_done(world.steps["read_input_file"], {"run": "r1", "attempt": 1}))["chunks"]
    await world.call("read_data_from_db")
    world.runs.set("r1", state="generating")
    for chunk in range(chunks):
        await call_until_done(world.steps["generate_report"], {"run": "r1", "attempt": 1, "chunk": chunk})
    world.runs.set("r1", state="combining")
    return chunks
