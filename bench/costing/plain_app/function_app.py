"""What people write first: a loop of `upsert_item` in one activity, and a fan-out of one activity a thousand rows.

The fan-out hands out byte ranges, not rows, and its activities share one client: both are what its users recommend.
"""

import csv
import os
from collections.abc import Generator
from itertools import islice
from pathlib import Path
from typing import Any

import azure.durable_functions as df
from azure.cosmos import CosmosClient

Context = Any  # the SDK ships no types
Story = Generator[Any, Any, Any]
Given = dict[str, Any]

app = df.DFApp()
client = CosmosClient(os.environ["COSMOS_ENDPOINT"], os.environ["COSMOS_KEY"])
container = client.get_database_client("d").get_container_client("c")


def loop(context: Context) -> Story:
    """Store the whole file in one call."""
    return (yield context.call_activity("store_rows", context.get_input()))


def fan_out(context: Context) -> Story:
    """Store the file in one call for so many rows."""
    given = context.get_input()
    pieces = yield context.call_activity("find_pieces", given)
    stored = yield context.task_all([context.call_activity("store_rows", {**given, **piece}) for piece in pieces])
    return {"rows_stored": sum(one["rows_stored"] for one in stored)}


def find_pieces(given: Given) -> list[Given]:
    """The first byte of each piece, and its rows."""
    pieces = []
    with Path(given["file"]).open("rb") as file:
        file.readline()
        start = file.tell()
        while rows := sum(1 for _ in islice(iter(file.readline, b""), given["rows"])):
            pieces.append({"start": start, "rows": rows})
            start = file.tell()
    return pieces


def store_rows(given: Given) -> Given:
    """Upsert rows one after another: those of a piece, or all."""
    stored = 0
    with Path(given["file"]).open(encoding="utf-8", newline="") as file:
        names = next(csv.reader([file.readline()]))
        if "start" in given:
            file.seek(given["start"])
        for row in islice(csv.DictReader(file, names), given["rows"]):
            container.upsert_item({**row, "id": f"o{row['number']}", "amount": float(row["amount"])})
            stored += 1
    return {"rows_stored": stored}


for orchestrator in (loop, fan_out):
    app.orchestration_trigger(context_name="context")(orchestrator)
for activity in (find_pieces, store_rows):
    app.activity_trigger(input_name="given")(activity)
