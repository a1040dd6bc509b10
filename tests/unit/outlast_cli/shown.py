"""Runs as the app shows them."""

from typing import Any

RUN = "a1"


def record(state: str = "storing", **more: Any) -> dict[str, Any]:
    return {"id": RUN, "report": "flights", "state": state, "attempt": 1, "failure": None, "receipt": None} | more


def shown(state: str = "storing", **more: Any) -> dict[str, Any]:
    """The answer of GET /api/runs/{run}. `custom` is its customStatus, `lanes` those of its lanes, the rest members of
    the record."""
    custom, lanes = more.pop("custom", None), more.pop("lanes", [])
    return {
        "run": record(state, **more),
        "status": {"runtimeStatus": "Running", "customStatus": custom},
        "lanes": [{"id": f"lane{n}", "runtimeStatus": "Running", "customStatus": lane} for n, lane in enumerate(lanes)],
    }


def custom(phase: str, done: int, *, wave: str = "", **totals: float) -> dict[str, Any]:
    """Of a run of ten chunks."""
    return {"phase": phase, "chunks_done": done, "chunks": 10, "totals": totals, "wave": wave, "lanes": 8}


def failed(text: str = "3 of 12 rows were rejected") -> dict[str, Any]:
    return shown("failed", failure={"step": "generate_report", "text": text}, totals={"rejected": 3}, pending=[])


def completed(**receipt: Any) -> dict[str, Any]:
    return shown("completed", receipt={"rows_read": 12, "rows_stored": 12, "rows_rejected": 0, **receipt}, pending=[])
