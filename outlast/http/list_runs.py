"""GET /api/runs: run records, newest first, in pages."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import azure.functions as func
import orjson

from outlast.http.answers import RunPage, answer
from outlast.http.problem import bad_request
from outlast.http.query import next_link, read_query
from outlast.runs.ids import run_of_key, run_of_key_without_secret
from outlast.runs.listing import Listing
from outlast.runs.record import OUTCOMES, STATES, RunRecord
from outlast.runs.store import Runs

MOST, DIGITS = 200, 9
PARAMETERS = ("report", "state", "from", "to", "input", "key", "label", "top", "continuation")
GROUPS = {"open": True, "ended": False}
"""Groups of states: runs for which something is still to be done, and the others."""
KNOWN = (*STATES, "failing", *OUTCOMES, *GROUPS)


@dataclass(frozen=True, slots=True)
class ListRuns:
    """`ids_of_key` returns the ids that the runs of an `Idempotency-Key` can have, of one report or of all."""

    runs: Runs
    ids_of_key: Callable[[str, str | None], Awaitable[tuple[str, ...]]]

    async def list_runs(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{runs: […], continuation}` and a link of relation `next`; on the last page, null and no link.

        The query may have PARAMETERS. A parameter of another name is a 400, because a mistyped filter hides nothing.
        """
        query = read_query(req.params, PARAMETERS)
        asked = _asked(query)
        if key := query.get("key"):
            asked = replace(asked, ids=await self.ids_of_key(key, asked.report))
        found = await self.runs.newest(replace(asked, most=asked.most + 1))
        page = found[: asked.most]
        following = _continuation(asked, page) if len(found) > len(page) else None
        headers = {"Link": next_link(req, {**query, "continuation": following})} if following else {}
        return answer(RunPage([record.shown() for record in page], following), **headers)


@dataclass(frozen=True, slots=True)
class KeyedRuns:
    """`secret` returns the app's secret, without which no id can be computed from a key."""

    reports: Iterable[str]
    secret: Callable[[], Awaitable[str]]

    async def ids(self, key: str, report: str | None) -> tuple[str, ...]:
        """The ids that the run of this key has, where it was accepted: those of each report, or of one."""
        secret, reports = await self.secret(), [report] if report else self.reports
        pairs = [(run_of_key(one, key, secret), run_of_key_without_secret(one, key)) for one in reports]
        return tuple(run for pair in pairs for run in pair)


def _asked(params: Mapping[str, str]) -> Listing:
    state, top = params.get("state") or None, params.get("top") or "50"
    if state is not None and state not in KNOWN:
        raise bad_request(f"state must be one of {', '.join(KNOWN)}", "state")
    if not (top.isascii() and top.isdigit() and len(top) <= DIGITS and 1 <= int(top) <= MOST):
        raise bad_request(f"top must be a number from 1 to {MOST}", "top")
    before, seen = _read(params.get("continuation"))
    return Listing(
        report=params.get("report") or None,
        state=None if state in GROUPS else state,
        open=GROUPS.get(state or ""),
        since=_time(params, "from"),
        until=_time(params, "to"),
        input=params.get("input") or None,
        label=params.get("label") or None,
        before=before,
        seen=seen,
        most=int(top),
    )


def _time(params: Mapping[str, str], name: str) -> str | None:
    """A date or time in the form in which records have theirs. Without a zone it is UTC."""
    text = params.get(name)
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        time = time.replace(tzinfo=time.tzinfo or UTC)
        return time.astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        raise bad_request(f"{name} must be a date or a time of ISO 8601, such as 2026-01-31T12:00:00Z", name) from None


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
