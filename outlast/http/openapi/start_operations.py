"""The operations that start something: a run, an upload; and what can be started."""

from outlast.http.answers import Current, Reports, UploadAddress, UploadedFile
from outlast.http.openapi import examples
from outlast.http.openapi.options import as_parameters
from outlast.http.openapi.parts import LOCATION, REPORT, RETRY_AFTER, Answer, Operation, Parameter
from outlast.http.openapi.shapes import RecordedStart, Started
from outlast.http.start_once import HEADER, LONGEST_KEY
from outlast.models import Json
from outlast.staging.uploads import NAME

_BYTES: Json = {"type": "string", "contentMediaType": "application/octet-stream", "minLength": 1}
_KEY: Json = {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"}
_OWN: Json = {"type": "object", "additionalProperties": {"type": "string"}}
_ROWS: Json = {"type": "array", "items": {"type": "object"}}
_LINE = '{"carrier": "UA", "month": 1, "dep_delay": 5}\n'
_FILE = "january.csv.gz"
_CSV = "carrier,month,dep_delay\nUA,1,5\n"
INPUTS: dict[str, Json] = {
    "text/csv": {"schema": {"type": "string"}, "example": _CSV},
    "application/x-ndjson": {
        "schema": {"type": "string"},
        "example": '{"carrier": "UA", "month": 1, "dep_delay": 5}\n',
    },
    "application/json": {
        "schema": {
            "oneOf": [{"$ref": "#/components/schemas/Reference"}, {"type": "array", "items": {"type": "object"}}]
        },
        "example": {"input": "2013/january.csv.gz", "options": {"tolerated_rejects": 10}},
    },
    "application/octet-stream": {"schema": _BYTES},
}

START = (
    Operation(
        name="start_report",
        method="POST",
        path="/api/reports/{report}",
        summary="starts a run",
        heading="Start a run",
        parameters=(
            REPORT,
            *as_parameters(),
            Parameter("parameters", _OWN),
            Parameter(HEADER, _KEY, within="header", example="5f0c6e4e-9d9b-4f0e-8f1d-2f6b1a4f7a11"),
        ),
        bodies=INPUTS,
        body_required=True,
        answers={
            202: Answer("The run is accepted, now or earlier", Started, (), (LOCATION, RETRY_AFTER), examples.STARTED),
            200: Answer(
                "An earlier request was accepted, and the orchestration was purged", RecordedStart, headers=(LOCATION,)
            ),
        },
        problems=(400, 404, 409, 413, 422),
    ),
    Operation(
        name="open_upload",
        method="POST",
        path="/api/inputs",
        summary="names a file of any size that is to be sent, and the address that takes it",
        heading="Send a file of any size",
        parameters=(
            Parameter("name", {"type": "string", "minLength": 1, "maxLength": 1024}, example="january.csv.gz"),
        ),
        bodies={
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Upload"},
                "example": {"name": "january.csv.gz"},
            }
        },
        answers={201: Answer("Where the file goes", UploadAddress, example=examples.UPLOAD)},
        problems=(400,),
    ),
    Operation(
        name="take_upload",
        method="PUT",
        path="/api/inputs/{name}",
        summary="takes such a file, on one machine",
        heading="Send a file of any size",
        parameters=(Parameter("name", {"type": "string", "pattern": f"^{NAME.pattern}$"}, True, "path"),),
        bodies={"application/octet-stream": {"schema": _BYTES}},
        body_required=True,
        answers={201: Answer("The whole file is stored", UploadedFile, example=examples.UPLOADED)},
        problems=(400, 404, 409, 413),
    ),
    Operation(
        name="list_reports",
        method="GET",
        path="/api/reports",
        summary="lists the reports that can be started",
        heading="List the reports",
        answers={200: Answer("The reports, and the containers that must exist", Reports)},
        problems=(400,),
    ),
    Operation(
        name="show_current",
        method="GET",
        path="/api/reports/{report}/current",
        summary="says which run's documents of a snapshot report are current",
        heading="Find the current generation",
        parameters=(REPORT,),
        answers={200: Answer("The current generation, and its query", Current, example=examples.CURRENT)},
        problems=(
            400,
            404,
        ),
    ),
)
