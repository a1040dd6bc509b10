"""A run as `GET /api/runs/{run}` shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from outlast_cli.api import Api
from outlast_cli.errors import CommandError
from outlast_cli.exit_codes import ExitCode

ENDED = frozenset({"completed", "failed", "cancelled", "superseded", "expired"})
COUNTS = ("rows", "rejected", "documents", "ru", "throttled", "sends", "bytes")
STEPS: Mapping[str, tuple[str, ...]] = {
    "generating": ("generate",),
    "combining": ("combine",),
    "resolving": ("resolve",),
    "storing": ("store", "delete"),
    "verifying": ("verify",),
}
"""How the names of a phase's waves begin."""
NEWEST = "last"
"""Stands for the id of the newest run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`counts` are those of the parent and of the lanes that are under way together. `record` is the whole record."""

    id: str
    report: str
    state: str
    attempt: int
    phase: str
    chunks_done: int
    chunks: int
    counts: Mapping[str, float]
    lanes_at_work: int
    lanes: int
    record: Mapping[str, Any]

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> Self:
        record, lanes = shown["run"], shown.get("lanes") or []
        status = (shown.get("status") or {}).get("customStatus") or {}
        of_wave = [lane.get("customStatus") or {} for lane in lanes] if _is_under_way(status) else []
        return cls(
            id=record["id"],
            report=record["report"],
            state=record["state"],
            attempt=record.get("attempt") or 1,
            phase=status.get("phase") or record["state"],
            chunks_done=status.get("chunks_done") or 0,
            chunks=status.get("chunks") or 0,
            counts=_sums([status.get("totals") or {}, *of_wave]),
            lanes_at_work=sum(lane.get("runtimeStatus") in ("Running", "Pending") for lane in lanes),
            lanes=status.get("lanes") or 0,
            record=record,
        )

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def waits(self) -> bool:
        """Whether the run waits for the approval of its plan."""
        return self.state == "planned"

    @property
    def exit_code(self) -> ExitCode:
        if self.waits:
            return ExitCode.WAITING
        done = self.state == "completed" and not self.record.get("failure")
        return ExitCode.DONE if done or not self.has_ended else ExitCode.FAILED


def _is_under_way(status: Mapping[str, Any]) -> bool:
    """Whether the current wave is not in the parent's counts yet: it is of the current phase, and chunks are left."""
    steps = STEPS.get(str(status.get("phase")), ())
    wave = str(status.get("wave") or "").rpartition(":")[2]
    return wave.startswith(steps) and (status.get("chunks_done") or 0) < (status.get("chunks") or 0)


def _sums(totals: Iterable[Mapping[str, float]]) -> dict[str, float]:
    listed = list(totals)
    return {name: round(sum(one.get(name) or 0 for one in listed), 6) for name in COUNTS}  # 0.1 + 0.2 is 0.3


def path_of(run: str, what: str = "") -> str:
    return f"/api/runs/{quote(run, safe='')}{what}"


def read_run(api: Api, run: str) -> Run:
    return Run.of(api.get(path_of(run)))


def find_id(api: Api, run: str) -> str:
    """Return the id of a run; `last` is the newest."""
    if run != NEWEST:
        return run
    found = api.get("/api/runs", top="1")["runs"]
    if not found:
        raise CommandError("This app has no run yet", ExitCode.MISSING, "Start one: outlast run REPORT FILE")
    return str(found[0]["id"])
