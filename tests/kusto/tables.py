"""The tables of Application Insights, from the rows that the embedded host writes."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]
TABLES = {"trace": "traces", "request": "requests", "dependency": "dependencies", "exception": "exceptions"}
COLUMNS = {
    "traces": "timestamp: datetime, message: string, severityLevel: int, itemType: string, customDimensions: dynamic",
    "requests": "timestamp: datetime, id: string, name: string, url: string, success: string, resultCode: string, "
    "duration: real, itemType: string, customDimensions: dynamic",
    "dependencies": "timestamp: datetime, id: string, name: string, type: string, success: string, "
    "resultCode: string, duration: real, itemType: string, customDimensions: dynamic",
    "exceptions": "timestamp: datetime, type: string, outerMessage: string, innermostMessage: string, "
    "severityLevel: int, itemType: string, customDimensions: dynamic",
}
"""The columns that the queries may use, as the Kusto parser wants them, without those of COMMON."""
COMMON = "operation_Name: string, operation_Id: string, operation_ParentId: string, itemCount: int"


def tables_of(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the rows by table, with times as times."""
    found: dict[str, list[Row]] = {name: [] for name in TABLES.values()}
    for row in rows:
        found[TABLES[row["itemType"]]].append({**row, "timestamp": datetime.fromisoformat(row["timestamp"])})
    return found


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file of telemetry."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def event_row(when: datetime, event: str, **fields: Any) -> Row:
    """Return the row of `traces` of an event."""
    return {
        "itemType": "trace",
        "timestamp": when.isoformat(),
        "message": json.dumps({"event": event, **fields}, separators=(",", ":")),
        "severityLevel": 1,
        "itemCount": 1,
    }


def request_row(when: datetime, name: str, **columns: Any) -> Row:
    """Return a row of `requests`."""
    own = {"id": "1", "name": name, "success": "True", "resultCode": "200", "duration": 1.0, "itemCount": 1}
    return {"itemType": "request", "timestamp": when.isoformat(), **own, **columns}
