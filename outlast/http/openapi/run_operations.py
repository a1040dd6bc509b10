"""The operations that read runs."""

from outlast.http.answers import RunAnswer, RunEvents, RunPage, SharedRun, ShownRun
from outlast.http.list_runs import KNOWN, MOST
from outlast.http.openapi import examples
from outlast.http.openapi.parts import LINK, RETRY_AFTER, RUN, TEXT, TOKEN, Answer, Operation, Parameter
from outlast.http.openapi.shapes import Plan
from outlast.http.show_plan import LEAST_RU, MOST_RU
from outlast.models import Json

_CSV = ("text/csv",)
_WHEN: Json = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
_CHUNK = Parameter("chunk", {"type": "integer", "minimum": 0, "maximum": 999_999_999})

READ = (
    Operation(
        name="list_runs",
        method="GET",
        path="/api/runs",
        summary="lists run records, newest first",
        heading="List runs",
        parameters=(
            Parameter("report", TEXT, example="flight_delays"),
            Parameter("state", {"type": "string", "enum": list(KNOWN)}, example="failed"),
            Parameter("from", _WHEN, example="2026-01-31"),
            Parameter("to", _WHEN, example="2026-02-01T00:00:00Z"),
            Parameter("input", TEXT),
            Parameter("key", TEXT),
            Parameter("label", TEXT),
            Parameter("top", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 50}),
            Parameter("continuation", TEXT),
        ),
        answers={200: Answer("A page of runs", RunPage, headers=(LINK,))},
        problems=(400,),
    ),
    Operation(
        name="show_run",
        method="GET",
        path="/api/runs/{run}",
        summary="shows a run's record, its orchestration and its lanes",
        heading="Show a run",
        parameters=(RUN,),
        answers={200: Answer("The run", ShownRun)},
        problems=(
            400,
            404,
        ),
    ),
    Operation(
        name="remove_run",
        method="DELETE",
        path="/api/runs/{run}",
        summary="removes all that is kept of a run that has ended",
        heading="Remove a run",
        parameters=(RUN,),
        answers={
            204: Answer("All is removed"),
            202: Answer(
                "There was more to remove than 20 seconds allow: repeat the call", RunAnswer, headers=(RETRY_AFTER,)
            ),
        },
        problems=(400, 404, 409),
    ),
    Operation(
        name="show_events",
        method="GET",
        path="/api/runs/{run}/events",
        summary="says what happened to a run, in order",
        heading="Read the history of a run",
        parameters=(RUN,),
        answers={200: Answer("The events, the oldest first", RunEvents, example=examples.EVENTS)},
        problems=(400, 404),
    ),
    Operation(
        name="show_rejects",
        method="GET",
        path="/api/runs/{run}/rejects",
        summary="downloads the rejected rows as CSV",
        heading="Download the rejects",
        parameters=(RUN, _CHUNK),
        answers={200: Answer("The rejects", media=_CSV, headers=(LINK, "Content-Disposition"))},
        problems=(400, 404, 410),
    ),
    Operation(
        name="show_plan",
        method="GET",
        path="/api/runs/{run}/plan",
        summary="says what a planned run will store, and what that costs",
        heading="Show a plan",
        parameters=(RUN, Parameter("ru_per_second", {"type": "number", "minimum": LEAST_RU, "maximum": MOST_RU})),
        answers={200: Answer("The plan", Plan)},
        problems=(400, 404, 410),
    ),
    Operation(
        name="show_shared",
        method="GET",
        path="/api/shared/{token}",
        summary="shows the run of a link; no key is needed",
        heading="Share a run",
        parameters=(TOKEN,),
        answers={200: Answer("The run, as a page for a browser", SharedRun, media=("text/html",))},
        problems=(404, 410),
        open=True,
    ),
    Operation(
        name="show_shared_rejects",
        method="GET",
        path="/api/shared/{token}/rejects",
        summary="downloads the rejects of that run, if the link was made for them",
        heading="Share a run",
        parameters=(TOKEN, _CHUNK),
        answers={200: Answer("The rejects", media=_CSV, headers=(LINK, "Content-Disposition"))},
        problems=(400, 403, 404, 410),
        open=True,
    ),
)
