"""The operations that change runs, and those of the app itself."""

from outlast.http.answers import CorrectedRun, MadeLink, RunAnswer, TakenOver
from outlast.http.openapi import examples
from outlast.http.openapi.options import parameter_of
from outlast.http.openapi.parts import BOOLEAN, LOCATION, RUN, TEXT, Answer, Operation, Parameter
from outlast.http.openapi.shapes import Health
from outlast.http.redrive_run import CHANGEABLE
from outlast.http.waive_run import LONGEST_REASON
from outlast.links import MOST_LINK_DAYS
from outlast.run_options import LEVELS

_REASON = {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON}
_RECORD = "The run's record"

CHANGE = (
    Operation(
        name="correct_run",
        method="POST",
        path="/api/runs/{run}/corrections",
        summary="does rejected rows that were corrected under the same run",
        heading="Correct rejected rows",
        parameters=(RUN,),
        bodies={"text/csv": {"schema": {"type": "string"}, "example": "row,carrier,month,dep_delay\n7,UA,1,5\n"}},
        body_required=True,
        answers={202: Answer("The record, how many rows are corrected, and how many were before", CorrectedRun)},
        problems=(400, 404, 409, 410, 413),
    ),
    Operation(
        name="verify_run",
        method="POST",
        path="/api/runs/{run}/verify",
        summary="reads back what a completed run has stored",
        heading="Verify a run",
        parameters=(RUN, Parameter("level", {"type": "string", "enum": list(LEVELS)}, True, example="content")),
        answers={202: Answer(_RECORD, RunAnswer)},
        problems=(400, 404, 409, 410),
    ),
    Operation(
        name="cancel_run",
        method="POST",
        path="/api/runs/{run}/cancel",
        summary="ends a run",
        heading="Cancel a run",
        parameters=(RUN,),
        answers={
            202: Answer("The run is failing, and ends as cancelled", RunAnswer),
            200: Answer("The run is cancelled already", RunAnswer),
        },
        problems=(400, 404, 409),
    ),
    Operation(
        name="waive_run",
        method="POST",
        path="/api/runs/{run}/waive",
        summary="ends the pending steps of a run that cannot be done",
        heading="Waive what is pending",
        parameters=(RUN, Parameter("reason", _REASON, True, example="the report was removed")),
        answers={200: Answer(_RECORD, RunAnswer)},
        problems=(400, 404, 409),
    ),
    Operation(
        name="approve_run",
        method="POST",
        path="/api/runs/{run}/approve",
        summary="lets a planned run store what its plan says",
        heading="Approve a plan",
        parameters=(RUN,),
        answers={
            202: Answer("The run is queued as its next attempt", RunAnswer),
            200: Answer("The plan was approved before", RunAnswer),
        },
        problems=(400, 404, 409),
    ),
    Operation(
        name="redrive_run",
        method="POST",
        path="/api/runs/{run}/redrive",
        summary="lets a failed or cancelled run do what is missing",
        heading="Redrive a run",
        parameters=(RUN, *map(parameter_of, CHANGEABLE), Parameter("regenerate", BOOLEAN)),
        answers={202: Answer(_RECORD, RunAnswer)},
        problems=(400, 404, 409, 410),
    ),
    Operation(
        name="make_link",
        method="POST",
        path="/api/runs/{run}/links",
        summary="makes a link that may be shared: it opens this run, to read it",
        heading="Share a run",
        parameters=(
            RUN,
            Parameter("days", {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_LINK_DAYS}, example=7),
            Parameter("rejects", BOOLEAN),
        ),
        answers={201: Answer("The link", MadeLink, headers=(LOCATION,), example=examples.LINK)},
        problems=(400, 404, 501),
    ),
    Operation(
        name="revoke_links",
        method="DELETE",
        path="/api/runs/{run}/links",
        summary="revokes all links of a run",
        heading="Share a run",
        parameters=(RUN,),
        answers={204: Answer("The links given until now open nothing any more")},
        problems=(400, 404),
    ),
    Operation(
        name="take_over",
        method="POST",
        path="/api/take-over",
        summary="makes the open runs of another app or task hub those of this one",
        heading="Take runs over",
        parameters=(Parameter("owner", TEXT, True),),
        answers={200: Answer("Numbers of runs", TakenOver, example=examples.TAKEN)},
        problems=(400,),
    ),
)
APP = (
    Operation(
        name="show_health",
        method="GET",
        path="/api/health",
        summary="says whether a run could be done now",
        heading="Check the health",
        answers={
            200: Answer("A run could be done", Health, example=examples.HEALTHY),
            503: Answer("A run could not be done", Health, example=examples.ILL),
        },
        open=True,
    ),
    Operation(
        name="show_openapi",
        method="GET",
        path="/api/openapi.json",
        summary="describes all of this for programs, as OpenAPI 3.1",
        heading="Describe the API",
        answers={200: Answer("The description", dict[str, object])},
        open=True,
    ),
)
