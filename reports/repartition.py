"""Copies documents into a container with another partition key, as they are."""

from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict

from outlast.report import Document, Report, Row


class Stored(Row):
    model_config = ConfigDict(extra="allow")


class Repartition(Report[Stored]):
    """Flights by origin instead of carrier. Start it with `{"input": {"query": {"container": "flight-delays"}}}`."""

    container, partition_key = "flight-delays-by-origin", "/origin"
    reads = {"flight-delays": "/carrier"}

    def generate_report(self, row: Stored, reference: Any) -> Iterable[Document]:
        yield {name: value for name, value in (row.model_extra or {}).items() if not name.startswith("_")}
