"""Makes the orchestrations of a recording: each instance does the steps that its input lists."""

import logging
from collections.abc import Callable, Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func

ORCHESTRATORS = ("import_report", "run_wave", "run_lane", "settle_run")
ACTIVITIES = (
    "advance_run",
    "read_input_file",
    "read_data_from_db",
    "generate_report",
    "store_data_to_db",
    "publish_report",
    "send_email",
)
app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def orchestrator(name: str) -> Callable[[Any], Generator[Any, Any, None]]:
    """Return an orchestrator: an activity's name is called, a list of children is awaited together."""

    def code(context: Any) -> Generator[Any, Any, None]:
        given = context.get_input()
        for step in given["steps"]:
            if isinstance(step, str):
                yield context.call_activity(step, {"of": context.instance_id})
            else:
                children = [context.call_sub_orchestrator(c["name"], c["plan"], c["instance"]) for c in step]
                yield context.task_all(children) if len(children) > 1 else children[0]
        if given["error"]:
            raise RuntimeError(given["error"])

    code.__name__ = code.__qualname__ = name
    return code


def activity(name: str) -> Callable[[Any], Any]:
    """Return an activity that logs what the recorded one logged."""

    async def code(given: Any) -> None:
        logging.info('{"event": "probe_begin", "activity": "%s"}', name)
        logging.warning("a warning with %s", "argument")
        logging.info('{"event": "probe_end", "long": "%s"}', "x" * 40_000)

    code.__name__ = code.__qualname__ = name
    return code


for name in ORCHESTRATORS:
    app.orchestration_trigger(context_name="context")(orchestrator(name))
for name in ACTIVITIES:
    app.activity_trigger(input_name="given")(activity(name))


async def start_report(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    """Start import_report with the posted steps."""
    await client.start_new("import_report", req.route_params["instance"], req.get_json())
    return func.HttpResponse(status_code=202)


client = app.durable_client_input(client_name="client")
app.route(route="start/{instance}", methods=["POST"])(client(start_report))
