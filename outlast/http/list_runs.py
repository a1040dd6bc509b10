"""GET /api/runs: run records, newest first, in pages."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace

import azure.functions as func
import orjson

from outlast.http.problem import bad_request
from outlast.http.query import next_link, read_query
from outlast.runs.record import OUTCOMES, STATES, RunRecord
from outlast.runs.store import Listing, Runs

MOST = 200
PARAMETERS = ("report", "state", "top", "continuation")
KNOWN = (*STATES, "failing", *OUTCOMES)


@dataclass(frozen=True, slots=True)
class ListRuns:
    runs: Runs

    async def list_runs(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{runs: […], continuation}` and a link of relation `next`; on the last page, null and no link.

        The query may have PARAMETERS. A parameter of another name is a 400, because a mistyped filter hides nothing.
        """
        query = read_query(req.params, PARAMETERS)
        asked = _asked(query)
        found = await self.runs.newest(replace(asked, most=asked.most + 1))
        page = found[: asked.most]
        following = _continuation(asked, page) if len(found) > len(page) else None
        headers = {"Link": next_link(req, {**query, "continuation": following})} if following else {}
        body = orjson.dumps({"runs": [record.shown() for record in page], "continuation": following})
        return func.HttpResponse(body, headers=headers, mimetype="application/json")


def _asked(params: Mapping[str, str]) -> Listing:
    state, top = params.get("state") or None, params.get("top") or "50"
    if state is not None and state not in KNOWN:
        raise bad_request(f"state must be one of {', '.join(KNOWN)}", "state")
    if not (top.isascii() and top.isdigit() and 1 <= int(top[:9]) <= MOST):
        raise bad_request(f"top must be a number from 1 to {MOST}", "top")
    before, seen = _read(params.get("continuation"))
    return Listing(report=params.get("report") or None, state=state, before=before, seen=seen, most=int(top))


def _continuation(asked: Listing, page: list[RunRecord]) -> str:
    """The time of the page's last run and the ids shown that have the same time, because several runs can have it."""
    last = page[-1].request.accepted
    shown = [record.id for record in page if record.request.accepted == last]
    if last == asked.before:
        shown = [*asked.seen, *shown]
    return base64.urlsafe_b64encode(orjson.dumps([last, *shown])).decode()


def _read(continuation: str | None) -> tuple[str | None, tuple[str, ...]]:
    if not continuation:
        return None, ()
    try:
        values = orjson.loads(base64.urlsafe_b64decode(continuation.encode()))
    except (binascii.Error, ValueError, UnicodeEncodeError):
        values = None
    if not (isinstance(values, list) and values and all(isinstance(value, str) for value in values)):
        raise bad_request("continuation must be that of an earlier answer", "continuation")
    return values[0], tuple(values[1:])
