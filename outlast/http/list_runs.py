"""GET /api/runs: run records, newest first, in pages."""

import base64
import binascii
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import azure.functions as func
import orjson

from outlast.http.problem import bad_request
from outlast.runs.record import OUTCOMES, STATES, RunRecord
from outlast.runs.store import Listing, Runs

MOST = 200
KNOWN = (*STATES, "failing", *OUTCOMES)


@dataclass(frozen=True, slots=True)
class ListRuns:
    runs: Runs

    async def list_runs(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{runs: […], continuation}` and a link of relation `next`; on the last page, null and no link.

        The query may have `report`, `state`, `top` and `continuation`.
        """
        asked = _asked(req.params)
        found = await self.runs.newest(replace(asked, most=asked.most + 1))
        page = found[: asked.most]
        following = _continuation(asked, page) if len(found) > len(page) else None
        headers = {}
        if following:
            query = urlencode({**{k: v for k, v in req.params.items() if k != "code"}, "continuation": following})
            headers["Link"] = f'<{req.url.split("?")[0]}?{query}>; rel="next"'
        body = orjson.dumps({"runs": [record.to_document() for record in page], "continuation": following})
        return func.HttpResponse(body, headers=headers, mimetype="application/json")


def _asked(params: dict[str, str]) -> Listing:
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
        before, *seen = orjson.loads(base64.urlsafe_b64decode(continuation.encode()))
    except (binascii.Error, ValueError, TypeError, UnicodeEncodeError):
        before, seen = None, []
    if not all(isinstance(value, str) for value in (before, *seen)):
        raise bad_request("continuation must be that of an earlier answer", "continuation")
    return before, tuple(seen)
