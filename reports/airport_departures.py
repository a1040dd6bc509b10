"""Late departures by airport, each with its airline's name as the database has it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from outlast.report import Database, Document, Parameters, Report, Row


class Departure(Row):
    null_values = frozenset({"NA"})
    time_hour: datetime
    dep_delay: float | None
    carrier: str
    flight: int
    origin: str
    dest: str


class Choice(Parameters):
    min_delay: float = 0.0


class AirportDepartures(Report[Departure]):
    """Departures that left at least `min_delay` minutes late, with the airline's name."""

    container, partition_key = "airport-departures", "/origin"
    mode = "snapshot"
    parameters = Choice
    reads = {"airlines": "/id"}

    async def read_data_from_db(self, database: Database, parameters: Choice) -> Any:
        found = database.get_container_client("airlines").query_items("SELECT c.id, c.name FROM c")
        return {"names": {a["id"]: a["name"] async for a in found}, "min_delay": parameters.min_delay}

    def generate_report(self, row: Departure, reference: Any) -> Iterable[Document]:
        if row.dep_delay is not None and row.dep_delay >= reference["min_delay"]:
            key = f"{row.time_hour:%Y%m%d%H}-{row.carrier}{row.flight}-{row.dest}"
            yield {"id": key, "airline": reference["names"][row.carrier], **row.model_dump()}
