"""The loop and the simple fan-out of `plain_app`, on the same host and the same database as the app."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from azure.cosmos import CosmosClient, PartitionKey

from bench.costing.cost import GIGABYTES, MILLION, Cost
from bench.costing.histories import Histories, read_histories
from bench.costing.seen import LinesSeen, UnitsSeen, seen
from bench.scaling.runs import ended
from local.cosmos.process import CosmosProcess
from local.host.process import HostProcess
from local.json_calls import post_json

APP = Path(__file__).parent / "plain_app"
START = "/runtime/webhooks/durabletask/orchestrators"
BY_ROW = "Function.store_rows.User"
"""The category of what the client of the database logs of each row."""
ROWS_OF_A_CALL = 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One orchestration of the plain app; `by_row` are the lines of its log that a row makes, `others` the others."""

    rows: int
    seconds: float
    request_units: float
    by_row: int
    others: int
    histories: Histories

    def of_a_million(self) -> Cost:
        """What a row makes is scaled by rows; what a call makes is scaled to a call for each thousand rows."""
        calls = self.histories.activity_calls
        rows, pieces = MILLION / self.rows, MILLION / ROWS_OF_A_CALL / (calls - 1) if calls > 1 else 1.0
        return Cost(
            request_units=self.request_units * rows,
            activity_calls=calls * pieces,
            turns=self.histories.turns * pieces,
            staging_operations=calls * pieces,
            hub_operations=(self.histories.operations + self.histories.purge_operations) * pieces,
            log_lines=self.by_row * rows + self.others * pieces,
            gb_seconds=self.seconds * GIGABYTES * rows,
        )


def plain(orchestrator: str, file: Path, rows: int) -> Measured:
    """Run an orchestrator of the plain app over a file, with so many rows a call. Each call reads the file once."""
    with TemporaryDirectory() as folder, CosmosProcess(options=("--unthrottled",)) as cosmos:
        database = CosmosClient(cosmos.url, cosmos.key).create_database("d")
        database.create_container("c", PartitionKey("/shop"), offer_throughput=40_000)
        data, telemetry = Path(folder) / "host", Path(folder) / "telemetry.jsonl"
        settings = {"COSMOS_ENDPOINT": cosmos.url, "COSMOS_KEY": cosmos.key}
        units, lines = UnitsSeen(cosmos.url, "d", "c"), LinesSeen(telemetry)
        with (
            HostProcess(APP, data, env=settings, options=("--telemetry", str(telemetry))) as host,
            seen(units, lines) as found,
        ):
            begun = time.perf_counter()
            given = {"file": str(file), "rows": rows}
            started = post_json(f"{host.url}{START}/{orchestrator}/one", given, host.master_key)
            ran = ended(started["statusQueryGetUri"], begun)
            histories = read_histories(data / "host.db", "one")
            found.look()
        by_row = lines.counts.pop(BY_ROW, 0)
        return Measured(ran.rows, ran.seconds, units.total, by_row, lines.counts.total(), histories)
