"""The container that each peer fills, and what the database says of it."""

from dataclasses import dataclass
from typing import Any

from azure.cosmos import PartitionKey

from local.cosmos.control import Control
from local.stack.services import Services

DATABASE, CONTAINER = "outlast", "plain-orders"


@dataclass(slots=True)
class Shelf:
    services: Services

    def empty(self, throughput: int) -> None:
        """Make the container anew, with so many request units a second."""
        with self.services.open_database() as database:
            database.delete_container(CONTAINER)
            database.create_container(CONTAINER, PartitionKey("/shop"), offer_throughput=throughput)

    def stored(self) -> int:
        """Documents that are there."""
        return sum(partition["documents"] for partition in self._state()["partitions"])

    def written(self) -> int:
        """Writes that were accepted since the container was made."""
        return sum(entry["count"] for entry in self._state()["counts"] if entry["status"] in (200, 201))

    def used(self, throughput: int) -> float:
        """The share of the request units that there were from the first to the last second with a write."""
        served = [entry for partition in self._state()["partitions"] for entry in partition["served"] if entry[1]]
        seconds = max(second for second, _ in served) - min(second for second, _ in served) + 1
        return float(sum(units for _, units in served) / (seconds * throughput))

    def _state(self) -> dict[str, Any]:
        return Control(self.services.cosmos.url).container(DATABASE, CONTAINER)
