"""What the host's bench runs: fan-outs, waves of lanes, and a POST beside a busy run."""

import asyncio
import json
import math
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

LANES = 32
LANE_CALLS = 50  # calls of a lane before it continues as new
ROWS = 2700  # of one generated chunk: 256 KiB of the sample
Context = Any  # the SDK ships no types
Story = Generator[Any, Any, Any]
COMPUTE = ThreadPoolExecutor(1)

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


async def double(n: int) -> int:
    """The least an activity can do."""
    return 2 * n


async def nap(seconds: float) -> None:
    """A chunk that takes that long."""
    await asyncio.sleep(seconds)


async def generate(_: Any) -> int:
    """A chunk's rows, made beside the event loop as our app does it: lanes take turns in one thread."""
    return await asyncio.get_running_loop().run_in_executor(COMPUTE, _generated)


def _generated() -> int:
    """Reads and writes each row by itself, as a report's own code does."""
    rows = (json.loads(f'{{"id": "{n}", "carrier": "UA", "delay": {n * 1.5}, "origin": "EWR"}}') for n in range(ROWS))
    return sum(len(json.dumps({**row, "late": row["delay"] > 15})) for row in rows)


async def write(_: Any) -> None:
    """Waits for a database that takes such a chunk in a tenth of a second."""
    await asyncio.sleep(0.1)


def flat(context: Context) -> Story:
    """A fan-out of a hundred."""
    results = yield context.task_all([context.call_activity("double", n) for n in range(100)])
    return sum(results)


def run(context: Context) -> Story:
    """All chunks in waves, as the app's import does it."""
    given = context.get_input()
    size = LANES * math.ceil(given["chunks"] / LANES / given["waves"])
    for first in range(0, given["chunks"], size):
        last = min(given["chunks"], first + size)
        yield context.call_sub_orchestrator("wave", {**given, "first": first, "last": last})
    return given["chunks"]


def wave(context: Context) -> Story:
    """Lanes side by side."""
    given = context.get_input()
    lanes = range(min(LANES, given["last"] - given["first"]))
    yield context.task_all(
        [context.call_sub_orchestrator("lane", {**given, "first": given["first"] + lane}) for lane in lanes]
    )


def lane(context: Context) -> Story:
    """Every 32nd chunk, one after the other, continuing as new now and then."""
    given = context.get_input()
    following = given["first"] + LANE_CALLS * LANES
    for _ in range(given["first"], min(following, given["last"]), LANES):
        yield context.call_activity("nap", given["seconds"])
    if following < given["last"]:
        context.continue_as_new({**given, "first": following})


def busy(context: Context) -> Story:
    """A lane that generates and writes until it is terminated."""
    for _ in range(LANE_CALLS):
        yield context.call_activity("generate", None)
        yield context.call_activity("write", None)
    context.continue_as_new(None)


def waiting(context: Context) -> Story:
    """An instance that keeps running."""
    yield context.wait_for_external_event("never")


async def post(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    """Stages a body and starts an orchestration, as the app's start endpoint does."""
    folder = Path(req.params["folder"])
    await asyncio.to_thread((folder / "staged").write_bytes, req.get_body())
    started = await client.start_new("flat_one", None, {"bytes": len(req.get_body())})
    response: func.HttpResponse = client.create_check_status_response(req, started)
    return response


def flat_one(context: Context) -> Story:
    """One call."""
    return (yield context.call_activity("double", 1))


def ping(req: func.HttpRequest) -> str:
    """The least a function can do."""
    return "pong"


for activity, name in ((double, "n"), (nap, "seconds"), (generate, "_"), (write, "_")):
    app.activity_trigger(input_name=name)(activity)
for orchestrator in (flat, run, wave, lane, busy, waiting, flat_one):
    app.orchestration_trigger(context_name="context")(orchestrator)
app.route(route="post", methods=["POST"])(app.durable_client_input(client_name="client")(post))
app.route(route="ping")(ping)
