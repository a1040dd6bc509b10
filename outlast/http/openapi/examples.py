"""Examples of answers."""

from dataclasses import asdict

from outlast.http.answers import Current, MadeLink, RunEvents, SqlParameter, TakenOver, UploadAddress, UploadedFile
from outlast.models import Json

_APP = "https://NAME.azurewebsites.net"
_RUN = "78e60bc48fb4408f8dcbb428fa3b1667"
_FILE = "uploads/0d9f5c4b2a1e4f6c8b7a6d5e4c3b2a19-january.csv.gz"
_AT = "2026-01-31T12:00:00.000+00:00"

STARTED: Json = {"id": _RUN, "runUri": f"{_APP}/api/runs/{_RUN}"}
UPLOAD = asdict(
    UploadAddress(
        input=_FILE,
        method="PUT",
        url=f"{_APP}/api/inputs/{_FILE.rpartition('/')[2]}",
        headers={},
        expires=None,
        most_bytes=5 * 1024**3,
    )
)
UPLOADED = asdict(UploadedFile(_FILE, 1_048_576))
CURRENT = asdict(
    Current(
        report="airport_departures",
        container="airport-departures",
        run=_RUN,
        accepted=_AT,
        published=_AT,
        documents=27_004,
        query="SELECT * FROM c WHERE c.snapshot_run = @run",
        parameters=[SqlParameter("@run", _RUN)],
    )
)
EVENTS = asdict(RunEvents(_RUN, [{"at": _AT, "event": "accepted", "attempt": 1}]))
LINK = asdict(MadeLink(f"{_APP}/api/shared/TOKEN", "2026-02-15T00:00:00+00:00", False))
TAKEN = asdict(TakenOver(taken=200, left=17))
HEALTHY: Json = {"status": "ok", "checks": {"database": {"ok": True}, "staging": {"ok": True}}}
ILL: Json = {
    "status": "failing",
    "checks": {"mail": {"ok": False, "problem": "MAIL_TO is not set", "help": "set MAIL_FROM and MAIL_TO"}},
}


def _problem(status: int, title: str, detail: str, field: str = "", **more: object) -> Json:
    named = {"field": field} if field else {}
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **more, **named}


PROBLEMS: dict[int, Json] = {
    400: _problem(400, "Bad Request", "top must be a number from 1 to 200", "top"),
    403: _problem(403, "Forbidden", "this link does not open the rejects; make one with rejects=true", "token"),
    404: _problem(404, "Not Found", f"there is no run {_RUN}", "run"),
    409: _problem(409, "Conflict", f"run {_RUN} is completed and cannot be cancelled", "run"),
    410: _problem(410, "Gone", f"the files of run {_RUN} were removed at {_AT}", "run"),
    413: _problem(413, "Content Too Large", "the body has more bytes than are accepted", "body", limit=33_554_432),
    422: _problem(
        422, "Unprocessable Content", f"Idempotency-Key was used for run {_RUN}", "Idempotency-Key", run=_RUN
    ),
    501: _problem(501, "Not Implemented", "no links are made here: LINK_SECRET is not set"),
    503: _problem(503, "Service Unavailable", "the database gave no usable answer; GET /api/health says more"),
}
