"""Departures by airport, each with its airline's name as the database has it."""

from collections.abc import Iterable
from typing import Any

from azure.cosmos.aio import DatabaseProxy

from outlast.report import Document, Parameters, Report, Row


class Departure(Row):
    null_values = frozenset({"NA"})
    year: int
    month: int
    day: int
    sched_dep_time: int
    dep_delay: float | None
    carrier: str
    flight: int
    origin: str
    dest: str


class Choice(Parameters):
    min_delay: float = 0.0


class AirportDepartures(Report[Departure]):
    """Departures that left at least `min_delay` minutes late, with the airline's name."""

    container = "airport-departures"
    partition_key = "/origin"
    parameters = Choice
    reads = {"airlines": "/id"}

    async def read_data_from_db(self, database: DatabaseProxy, parameters: Choice) -> Any:
        airlines = database.get_container_client("airlines").query_items("SELECT c.id, c.name FROM c")
        return {"airlines": {a["id"]: a["name"] async for a in airlines}, "min_delay": parameters.min_delay}

    def generate_report(self, row: Departure, reference: Any) -> Iterable[Document]:
        if row.dep_delay is not None and row.dep_delay >= reference["min_delay"]:
            key = f"{row.year}{row.month:02}{row.day:02}-{row.carrier}{row.flight}-{row.sched_dep_time:04}"
            yield {"id": key, "airline": reference["airlines"][row.carrier], **row.model_dump()}
