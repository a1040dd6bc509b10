"""A small app with what the host's own tests need: durable stories, HTTP functions of every kind, timers."""

import asyncio
import datetime
import json
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
NOTES = Path(os.environ["NOTES"])  # where activities and timers leave a line that the tests read
RETRY = df.RetryOptions(1000, 5)
Context = Any  # the SDK ships no types
Client = Any
Story = Generator[Any, Any, Any]


def note(name: str, text: str) -> None:
    """Append a line to the note of this name."""
    with (NOTES / name).open("a", encoding="utf-8") as file:
        file.write(text + "\n")


async def double(n: int) -> int:
    """Return twice the number, after 20 ms."""
    await asyncio.sleep(0.02)
    note("doubled", str(n))
    return 2 * n


async def nap(seconds: float) -> float:
    """Note the process id, then sleep."""
    note("naps", f"{os.getpid()} {seconds}")
    await asyncio.sleep(seconds)
    return seconds


def block(seconds: float) -> str:
    """Note the process id, then sleep without releasing the thread."""
    note("blocks", str(os.getpid()))
    time.sleep(seconds)
    return "awake"


def shout(text: str) -> str:
    """Print to the standard output, which is the host's pipe."""
    print(text)  # noqa: T201 - that is what is tested
    sys.stdout.flush()
    os.write(1, b"and past Python's own buffer\n")
    return text.upper()


async def logs(given: Any, context: func.Context) -> None:
    """Logs from its own task, from a task that it starts, and from threads with and without the call's id."""
    storage: Any = context.thread_local_storage

    def in_thread(text: str, identity: str | None) -> None:
        storage.invocation_id = identity
        logging.warning(text)

    logging.info("from the call")
    logging.getLogger("azure.core").info("from a library")
    await asyncio.create_task(asyncio.to_thread(in_thread, "from a thread with the id", context.invocation_id))
    await asyncio.to_thread(in_thread, "from a thread without the id", None)
    logging.warning("%d is no argument for it", "a text")


def drawer(context: Any) -> None:
    """Keep what was put in last. The input is JSON text in a text, as the SDK's client sends it."""
    if context.operation_name == "put":
        context.set_state(context.get_input())
    elif context.operation_name == "delete":
        context.destruct_on_exit()


class Unreadable(Exception):
    """An exception without a text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def unreadable(given: Any) -> None:
    """Raises an exception that cannot be shown, or one with half a surrogate pair."""
    raise Unreadable if given is None else ValueError("half \ud800")


def raises(req: func.HttpRequest) -> str:
    """Raises an exception that cannot be shown."""
    raise Unreadable


def answers_nothing(req: func.HttpRequest) -> None:
    """Returns no response."""


def traced(req: func.HttpRequest, context: func.Context) -> str:
    """Shows the call's trace under the Azure worker's names."""
    trace: Any = context.trace_context
    return f"{trace.Traceparent == trace.trace_parent} {trace.Tracestate!r}"


def addressed(req: func.HttpRequest) -> str:
    """Shows its address and its route parameter."""
    return json.dumps([req.url, req.route_params["word"]])


def bakes(req: func.HttpRequest) -> func.HttpResponse:
    """Sets the cookie that it is told."""
    return func.HttpResponse("baked", headers={"Set-Cookie": req.params["cookie"]})


def fill(size: int) -> str:
    """Return a text of this size."""
    return "x" * size


async def starts(given: Any, client: Client) -> str:
    """Start another orchestration through a durable client."""
    return str(await client.start_new("one", None, given))


def versions(context: Context) -> Story:
    """Return the versions of this orchestration and of its child."""
    if context.parent_instance_id:
        return context.version
    child = yield context.call_sub_orchestrator("versions")
    return [context.version, child]


def announced(context: Context) -> Story:
    """Set the input as the custom status."""
    context.set_custom_status(context.get_input())
    return (yield context.call_activity("double", 1))


def story(context: Context) -> Story:
    """A chain, a fan-out, a timer, children, generations: everything whose order a kill could disturb."""
    n = context.get_input()
    first = yield context.call_activity_with_retry("double", RETRY, n)
    fan = yield context.task_all([context.call_activity("double", n + i) for i in range(4)])
    yield context.create_timer(context.current_utc_datetime + datetime.timedelta(seconds=1))
    children = yield context.task_all(
        [context.call_sub_orchestrator("generations", {"left": 2, "sum": n + i}) for i in range(2)]
    )
    event = yield context.wait_for_external_event("go")
    return [first, fan, children, event]


def generations(context: Context) -> Story:
    """Add up over several generations."""
    given = context.get_input()
    given["sum"] += yield context.call_activity("double", 1)
    if given["left"]:
        context.continue_as_new({"left": given["left"] - 1, "sum": given["sum"]})
    return given["sum"]


def naps(context: Context) -> Story:
    """Call one nap after the other, each with a retry policy."""
    slept = 0
    for seconds in context.get_input():
        slept += yield context.call_activity_with_retry("nap", RETRY, seconds)
    return slept


def one(context: Context) -> Story:
    """Call the activity that the input names."""
    name, given = context.get_input()
    return (yield context.call_activity(name, given))


def caught(context: Context) -> Story:
    """Call the activities that the input names, all at once, and return their results or their failures' texts."""
    results = []
    tasks = [context.call_activity(name, given) for name, given in context.get_input()]
    yield context.task_any(tasks)  # schedules all of them
    for task in tasks:
        try:
            results.append((yield task))
        except Exception as error:  # noqa: BLE001 - the SDK's failures have no type of their own
            results.append(str(error))
    return results


def parent(context: Context) -> Story:
    """Call a child under the instance id in the input."""
    return (yield context.call_sub_orchestrator("naps", [0.2], context.get_input()))


def rewindable(context: Context) -> Story:
    """Fail through the child until the file `mended` exists."""
    return (yield context.call_sub_orchestrator("rewindable_child"))


def rewindable_child(context: Context) -> Story:
    """Fail through the activity `mend`."""
    return (yield context.call_activity("mend", None))


def mend(given: Any) -> str:
    """Fail until the file `mended` exists."""
    if not (NOTES / "mended").exists():
        raise ValueError("not mended")
    return "mended"


def deadly(context: Context) -> Story:
    """End the worker's process."""
    yield context.call_activity("double", 1)
    os._exit(3)


def slow_code(context: Context) -> Story:
    """Block for 60 s the first time the code runs."""
    marker = NOTES / f"slow-{context.instance_id}"
    if not marker.exists():
        marker.touch()
        time.sleep(60)
    return (yield context.call_activity("double", 1))


def pid(req: func.HttpRequest) -> str:
    """Return the worker's process id."""
    return str(os.getpid())


def version(req: func.HttpRequest) -> str:
    """Return the code's version, which the tests change."""
    return "1"


def secret(req: func.HttpRequest) -> str:
    """A function of level FUNCTION."""
    return "open"


def admin_only(req: func.HttpRequest) -> str:
    """A function of level ADMIN."""
    return "open"


def things(req: func.HttpRequest) -> func.HttpResponse:
    """Return the route parameters."""
    return func.HttpResponse(json.dumps(dict(req.route_params)), mimetype="application/json")


def files(req: func.HttpRequest) -> str:
    """Return the catch-all parameter."""
    return str(req.route_params.get("path"))


def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Return the first 100 bytes of the body, with a cookie and the status 207."""
    headers = {"Set-Cookie": "taste=sweet; Path=/", "X-Length": str(len(req.get_body()))}
    return func.HttpResponse(req.get_body()[:100], status_code=207, headers=headers, mimetype="application/x-thing")


def speaks(req: func.HttpRequest) -> func.HttpResponse:
    """Return a response with the status and the header that the query names."""
    headers = {req.params["header"]: req.params["value"]} if "header" in req.params else {}
    return func.HttpResponse(json.dumps(dict(req.params)), status_code=int(req.params["status"]), headers=headers)


def leaves(req: func.HttpRequest, res: func.Out[func.HttpResponse]) -> None:
    """Set the response through an output binding."""
    res.set(func.HttpResponse("left", status_code=201))


async def pause(req: func.HttpRequest) -> str:
    """Answers after some seconds, and says when it begins."""
    note("pauses", req.params["seconds"])
    await asyncio.sleep(float(req.params["seconds"]))
    return "paused"


def hang(req: func.HttpRequest) -> str:
    """Sleep longer than functionTimeout."""
    time.sleep(60)
    return "late"


def invocation(req: func.HttpRequest, context: func.Context) -> str:
    """Return the function's name and the length of the call's id."""
    return f"{context.function_name} {len(context.invocation_id)}"


def environment(req: func.HttpRequest) -> str:
    """Return the values of environment variables."""
    return json.dumps([os.environ.get(name) for name in req.params["names"].split(",")])


def at_start(tick: func.TimerRequest) -> None:
    """Run when the host starts, and once a year."""
    note("ticks", f"at_start {tick.past_due}")


async def by_setting(tick: func.TimerRequest, client: Client) -> None:
    """Start an orchestration at each run."""
    note("ticks", "by_setting")
    await client.start_new("one", None, ["double", 4])


async def client_calls(req: func.HttpRequest, client: Client) -> Any:
    """Call the operation of the SDK's client that the route names."""
    instance = req.route_params.get("instance")
    body: Any = req.get_json() if req.get_body() else None
    match req.route_params["operation"]:
        case "start":
            started = await client.start_new(body["name"], instance, body.get("input"), body.get("version"))
            return client.create_check_status_response(req, started)
        case "addresses":
            return func.HttpResponse(json.dumps(client.create_http_management_payload(instance)))
        case "raise":
            await client.raise_event(str(instance), body["name"], body["value"])
            return func.HttpResponse(status_code=204)
        case "wait":
            return await client.wait_for_completion_or_create_check_status_response(req, instance, 5000, 100)
        case "purge_all":
            found = await client.purge_instance_history_by(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
            return func.HttpResponse(str(found.instances_deleted))
        case "rpc":
            return str(client._orchestration_bindings.rpc_base_url)
        case other:
            return func.HttpResponse(other, status_code=400)


class Streamed(func.HttpRequest):
    """A request that is read in pieces."""

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces."""
        yield self.get_body()


async def measures(req: Streamed) -> str:
    """Return how long the body is, and the longest piece of it."""
    pieces = [len(piece) async for piece in req.stream()]
    return f"{sum(pieces)} {max(pieces, default=0)}"


app.route(route="measures", auth_level=func.AuthLevel.ANONYMOUS, methods=["PUT"])(measures)
app.activity_trigger(input_name="n")(double)
app.activity_trigger(input_name="given")(app.durable_client_input(client_name="client")(starts))
app.activity_trigger(input_name="seconds")(nap)
app.activity_trigger(input_name="seconds")(block)
app.activity_trigger(input_name="text")(shout)
app.activity_trigger(input_name="given")(logs)
app.activity_trigger(input_name="given")(unreadable)
app.route(route="raises", auth_level=func.AuthLevel.ANONYMOUS)(raises)
app.route(route="answers-nothing", auth_level=func.AuthLevel.ANONYMOUS)(answers_nothing)
app.route(route="traced", auth_level=func.AuthLevel.ANONYMOUS)(traced)
app.route(route="addressed/{word}", auth_level=func.AuthLevel.ANONYMOUS)(addressed)
app.route(route="bakes", auth_level=func.AuthLevel.ANONYMOUS)(bakes)
app.activity_trigger(input_name="size")(fill)
app.entity_trigger(context_name="context")(drawer)
app.orchestration_trigger(context_name="context")(story)
app.orchestration_trigger(context_name="context")(versions)
app.orchestration_trigger(context_name="context")(announced)
app.orchestration_trigger(context_name="context")(generations)
app.orchestration_trigger(context_name="context")(naps)
app.orchestration_trigger(context_name="context")(one)
app.orchestration_trigger(context_name="context")(caught)
app.orchestration_trigger(context_name="context")(parent)
app.orchestration_trigger(context_name="context")(slow_code)
app.orchestration_trigger(context_name="context")(deadly)
app.orchestration_trigger(context_name="context")(rewindable)
app.orchestration_trigger(context_name="context")(rewindable_child)
app.activity_trigger(input_name="given")(mend)
app.route(route="pid", auth_level=func.AuthLevel.ANONYMOUS)(pid)
app.route(route="version", auth_level=func.AuthLevel.ANONYMOUS)(version)
app.route(route="secret")(secret)
app.route(route="admin-only", auth_level=func.AuthLevel.ADMIN)(admin_only)
app.route(route="things/{kind:alpha}/{number:int?}", auth_level=func.AuthLevel.ANONYMOUS)(things)
app.route(route="files/{*path}", auth_level=func.AuthLevel.ANONYMOUS)(files)
app.route(route="echo", auth_level=func.AuthLevel.ANONYMOUS, methods=["POST"])(echo)
app.route(route="speaks", auth_level=func.AuthLevel.ANONYMOUS)(speaks)
app.route(route="leaves", binding_arg_name="res", auth_level=func.AuthLevel.ANONYMOUS)(leaves)
app.route(route="pause", auth_level=func.AuthLevel.ANONYMOUS)(pause)
app.route(route="hang", auth_level=func.AuthLevel.ANONYMOUS)(hang)
app.route(route="invocation", auth_level=func.AuthLevel.ANONYMOUS)(invocation)
app.route(route="environment", auth_level=func.AuthLevel.ANONYMOUS)(environment)
app.timer_trigger(schedule="0 0 3 1 1 *", arg_name="tick", run_on_startup=True)(at_start)
app.timer_trigger(schedule="%EVERY%", arg_name="tick")(app.durable_client_input(client_name="client")(by_setting))
app.route(route="client/{operation}/{instance?}", auth_level=func.AuthLevel.ANONYMOUS, methods=["POST"])(
    app.durable_client_input(client_name="client")(client_calls)
)
