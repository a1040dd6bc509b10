"""Whole runs of a copy of the app that counts what it asks of the storage; of each run, all that is paid for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.costing.cost import GIGABYTES, Cost
from bench.costing.counted_obstore import VARIABLE, counts_of
from bench.costing.histories import Histories, read_histories
from bench.costing.seen import LinesSeen, Seen, UnitsSeen, seen
from bench.mirroring.nights import Nights, nights
from bench.scaling.runs import House, Ran
from local.demo.running import api_of

COUNTING = {
    "outlast/staging/store.py": (
        "import obstore\nfrom",
        "from bench.costing import counted_obstore as obstore\nfrom",
    )
}
DATABASE, RUNS = "outlast", "runs"


@dataclass(frozen=True, slots=True)
class Counted:
    """One run: its rows, its cost, its orchestrations."""

    rows: int
    cost: Cost
    histories: Histories


@dataclass(slots=True)
class CountedApp:
    """`operations` is the file of requests to the storage, `seen` has the rest that is counted."""

    app: Nights
    operations: Path
    seen: Seen

    def run(self, file: str, report: str, *, remove: bool = True) -> Counted:
        """Import one file; then remove the run, so that nothing is left to be paid for but its documents."""
        services, before = self.app.services, self._so_far()
        ran = House(services).run(file, report)
        histories = read_histories(self.app.histories, ran.receipt["run"])
        if remove:
            self._remove(ran.receipt["run"])
        return Counted(ran.receipt["rows_read"], self._cost(ran, histories, before), histories)

    def _cost(self, ran: Ran, histories: Histories, before: tuple[int, int, float]) -> Cost:
        operations, lines, units = (now - then for now, then in zip(self._so_far(), before, strict=True))
        return Cost(
            request_units=ran.receipt["request_units"] + units,
            activity_calls=histories.activity_calls,
            turns=histories.turns,
            staging_operations=operations,
            hub_operations=histories.operations + histories.purge_operations,
            log_lines=lines,
            gb_seconds=ran.seconds * GIGABYTES,
        )

    def _so_far(self) -> tuple[int, int, float]:
        """Requests to the storage, lines of the log, request units of the run records."""
        self.seen.look()
        return counts_of(self.operations).total(), self.seen.lines.counts.total(), self.seen.units.total

    def _remove(self, run: str) -> None:
        with api_of(self.app.services) as api:
            while api.call("DELETE", f"/api/runs/{run}").status_code == 202:
                pass


@contextmanager
def counted_app() -> Iterator[CountedApp]:
    """Run the copy, with a database without a limit."""
    with TemporaryDirectory() as folder:
        operations, telemetry = Path(folder) / "operations", Path(folder) / "telemetry.jsonl"
        host, settings = ("--telemetry", str(telemetry)), {VARIABLE: str(operations)}
        with nights(COUNTING, ("--unthrottled",), host, settings) as app:
            units = UnitsSeen(app.services.cosmos.url, DATABASE, RUNS)
            with seen(units, LinesSeen(telemetry)) as found:
                yield CountedApp(app, operations, found)
