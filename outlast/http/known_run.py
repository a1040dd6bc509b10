"""Finding the run that a request names."""

from outlast.http.problem import Problem
from outlast.runs.ids import is_run_id
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs


async def known_run(runs: Runs, run: str) -> RunRecord:
    """The run's record. Raises a 404 Problem when it is missing."""
    record = await runs.find(run) if is_run_id(run) else None
    if record is None:
        raise Problem(404, "Not Found", f"there is no run {run}", "run")
    return record


def refuse_removed(record: RunRecord) -> None:
    """Raise a 410 Problem where the files of the run were removed."""
    if record.status.removed is not None:
        raise Problem(410, "Gone", f"the files of run {record.id} were removed at {record.status.removed}", "run")
