"""Answers of the API about runs, in the shapes of docs/api.md."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.fake_app import Query, Text

Json = dict[str, Any]
NOW = datetime.now(UTC)
REJECTS = (
    "row,column,code,message,id,amount\r\n4,amount,float_parsing,not a number,a1,soon\r\n8,,field_count,2 fields,b,\r\n"
)


def at(seconds_ago: float) -> str:
    return (NOW - timedelta(seconds=seconds_ago)).isoformat()


def run(id: str = "r1", state: str = "completed", **more: Any) -> Json:
    """A run record."""
    ended = state in ("completed", "failed", "cancelled", "superseded", "expired")
    return {
        "id": id,
        "report": "sales",
        "state": state,
        "attempt": 1,
        "accepted": at(90),
        "updated": at(30),
        "since": at(40),
        "format": "csv",
        "filename": "march.csv",
        "mode": "upsert",
        "open": not ended,
        "pending": [],
        "totals": {"rows": 12_000, "rejected": 0, "documents": 12_000, "ru": 84_000.5, "throttled": 3},
        "failure": None,
        "receipt": receipt() if state == "completed" else None,
        "removed": None,
        **more,
    }


def receipt(**more: Any) -> Json:
    counts = {"rows_read": 12_000, "rows_stored": 12_000, "rows_rejected": 0, "rows_unchanged": 0}
    written = {"documents_written": 12_000, "documents_replaced": 40, "bytes": 4_200_000, "request_units": 84_000.5}
    rest = {"throttled": 3, "sends": 140, "chunks": 4, "seconds": 41.5, "container": "sales"}
    hashes = {"input_sha256": "ab" * 32, "documents_sha256": "cd" * 32, "versions": {"outlast": "0.1.0"}}
    return {**counts, **written, **rest, **hashes, **more}


def failed(**more: Any) -> Json:
    failure = {"step": "generate_report", "chunk": 2, "text": "2 of 12,000 rows were rejected and 0 rows are tolerated"}
    totals = {"rows": 12_000, "rejected": 2, "documents": 11_998}
    return run("r-failed", "failed", **{"outcome": "failed", "failure": failure, "totals": totals, **more})


def planned(**more: Any) -> Json:
    at_work = {"plan": True, "planned": {"at": at(20), "expires": at(-86_400)}, "approved": None}
    return run("r-planned", "planned", **{**at_work, **more})


def plan() -> Json:
    partitions = [
        {"partition": str(n), "documents": 900 - n * 90, "bytes": 1, "request_units": 900.0 - n * 90} for n in range(8)
    ]
    first = [{"row": 4, "column": "amount", "message": "not a number"}]
    return {
        "rows": 12_000,
        "rejected": 1,
        "rejects": {"float_parsing": {"rows": 1, "first": first}},
        "documents": {"new": 11_000, "changed": 900, "unchanged": 99, "gone": 0, "total": 11_999},
        "sampled": 400,
        "bytes": 4_200_000,
        "request_units": 84_000.0,
        "partitions": partitions,
        "ru_per_second": 40_000,
        "minutes": 0.5,
        "price": {"amount": 0.02, "currency": "EUR"},
        "planned": at(20),
        "expires": at(-86_400),
        "approved": None,
    }


def shown(record: Json, lanes: int = 0) -> Json:
    """The answer of GET /api/runs/{run}."""
    phase = {"phase": record["state"], "chunks_done": 2, "chunks": 8, "totals": record["totals"]}
    wave = {"wave": "r:1:store0", "lanes": lanes, "started": at(60)}
    of_lanes = [
        {
            "id": f"r:1:store0-{n}",
            "runtimeStatus": "Running",
            "customStatus": {"documents": 50 * n, "ru": 300.0, "throttled": n},
        }
        for n in range(lanes)
    ]
    return {"run": record, "status": {"runtimeStatus": "Running", "customStatus": {**phase, **wave}}, "lanes": of_lanes}


def events() -> Json:
    began = [{"at": at(90), "event": "accepted", "attempt": 1}]
    for n, phase in enumerate(("reading", "generating", "resolving", "storing")):
        began.append({"at": at(85 - 10 * n), "event": "phase_began", "attempt": 1, "phase": phase})
        counts = {"rows": 12_000, "documents": 12_000, "ru": 84_000.0, "throttled": 3}
        began.append({"at": at(76 - 10 * n), "event": "phase_ended", "attempt": 1, "phase": phase, **counts})
    return {"events": [*began, {"at": at(45), "event": "ended", "attempt": 1, "state": "completed"}]}


def reports() -> Json:
    money = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    rows = {"properties": {"id": {"type": "string"}, "amount": money}, "required": ["id", "amount"]}
    fields = {
        "factor": {"type": "number", "default": 1.0, "title": "Factor", "description": "Multiplies each amount."},
        "kind": {"enum": ["net", "gross"], "title": "Kind"},
        "day": {"type": "string", "format": "date", "title": "Day"},
    }
    about = {"container": "sales", "partition_key": "/shop", "mode": "upsert", "doc": "Sales by shop."}
    sales = {"name": "sales", **about, "row_schema": rows, "parameters_schema": {"properties": fields}}
    return {"reports": [sales], "containers": [], "portal": None}


def shared(record: Json) -> Json:
    """The answer of GET /api/shared/{token}, for a link that opens the rejects, too."""
    named = ("id", "report", "label", "accepted", "state", "since", "attempt", "pending", "outcome", "open", "mode")
    kept = {name: record.get(name) for name in (*named, "totals", "failure", "receipt")}
    status = {"runtimeStatus": "Failed", "customStatus": None}
    return {"run": kept, "status": status, "expires": at(-86_400), "rejectsUri": "https://elsewhere.example/rejects"}


def listing(total: int, query: Query) -> Json:
    """A page of the list of so many runs."""
    top, first = int(query.get("top", "50")), int(query.get("continuation", "0"))
    states = ("completed", "failed", "storing", "planned", "cancelled")
    runs = [run(f"run-{n}", states[n % 5], accepted=at(60 + n)) for n in range(first, min(total, first + top))]
    return {"runs": runs, "continuation": str(first + top) if first + top < total else None}


def answers(record: Json, **more: Any) -> dict[str, Any]:
    """The answers of an app that has this run and a long list of others."""
    path = f"runs/{record['id']}"
    return {
        "GET health": lambda _: {"status": "ok", "checks": {"database": {"ok": True}}},
        "GET reports": lambda _: reports(),
        "GET runs": lambda query: listing(10_000, query),
        f"GET {path}": lambda _: shown(record, 3 if record["state"] == "storing" else 0),
        f"GET {path}/events": lambda _: events(),
        f"GET {path}/rejects": lambda _: Text(REJECTS),
        f"GET {path}/plan": lambda _: plan(),
        "GET shared/bGluaw": lambda _: shared(record),
        "GET shared/bGluaw/rejects": lambda _: Text(REJECTS),
        **more,
    }
