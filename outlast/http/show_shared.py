"""GET /api/shared/{token}: the run of a link, as a page for a browser, else as JSON. It can only be read."""

from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson

from outlast.http.answers import Orchestration, SharedRun
from outlast.http.open_link import PRIVATE, LinkOpener, Opened
from outlast.http.show_run import status_of
from outlast.models import Json
from outlast.rendering.page import SECURITY_POLICY, Page, Section, ShownReject, html
from outlast.runs.prices import Prices
from outlast.runs.telling import lines_of, next_step, verb_of
from outlast.staging.reject_files import RejectFiles

MOST_REJECTS = 100
"""Rejects on a page. The others are in the CSV that it names."""
SHOWN = (
    *("id", "report", "label", "accepted", "state", "since", "attempt", "pending", "outcome", "open", "mode"),
    *("totals", "failure"),
)
"""What of the record a link shows beside the receipt: nothing of the caller's parameters, and nobody's name."""
FILES = ("files", "reading")
"""Members of a receipt that name files, sheets or members of an archive."""


@dataclass(frozen=True, slots=True)
class ShowShared:
    opener: LinkOpener
    rejects: RejectFiles
    prices: Prices

    async def show_shared(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """HTML where the request accepts it, else `{run, status, expires, rejectsUri}`; 404 and 410 as problems."""
        opened = await self.opener.open(req)
        status = await status_of(client, opened.record.id)
        headers = {**PRIVATE, "Vary": "Accept"}
        if "text/html" in (req.headers.get("accept") or ""):
            headers["Content-Security-Policy"] = SECURITY_POLICY
            page = html(await self._page(req, opened))
            return func.HttpResponse(page, headers=headers, mimetype="text/html", charset="utf-8")
        body = orjson.dumps(_shown(req, opened, status))
        return func.HttpResponse(body, headers=headers, mimetype="application/json")

    async def _page(self, req: func.HttpRequest, opened: Opened) -> Page:
        record = opened.record
        title = f"The report {record.request.report} {verb_of(record)}."
        section = Section(title, lines_of(record, self.prices), await self._rejects(opened))
        receipt = receipt_of(opened)
        return Page(
            title,
            [section],
            advice=next_step(record),
            receipt="" if receipt is None else orjson.dumps(receipt, option=orjson.OPT_INDENT_2).decode(),
            download=_rejects_uri(req, opened) or "",
            live=f"../ui#/shared/{req.route_params['token']}",
            footer=[f"This link can only be read, and ends at {opened.link.expires}."],
        )

    async def _rejects(self, opened: Opened) -> list[ShownReject]:
        if not opened.shows_rejects:
            return []
        found = await self.rejects.first(opened.record, MOST_REJECTS)
        return [ShownReject(one.row, one.column, one.code, one.message) for one in found]


def _shown(req: func.HttpRequest, opened: Opened, status: Orchestration) -> SharedRun:
    record = opened.record.to_document()
    run = {name: record[name] for name in SHOWN} | {"receipt": receipt_of(opened)}
    return SharedRun(run, status, opened.link.expires, _rejects_uri(req, opened))


def receipt_of(opened: Opened) -> Json | None:
    """The receipt without the files of the input, and without ids of documents unless the link opens rows."""
    receipt = opened.record.result.receipt
    if receipt is None:
        return None
    shown = {name: value for name, value in receipt.items() if name not in FILES}
    if shown.get("verified") and not opened.shows_rejects:
        shown["verified"] = {name: value for name, value in shown["verified"].items() if name != "differences"}
    return shown


def _rejects_uri(req: func.HttpRequest, opened: Opened) -> str | None:
    return f"{req.url.split('?')[0].rstrip('/')}/rejects" if opened.shows_rejects else None
