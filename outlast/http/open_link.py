"""Opening a link that may be shared. Nothing is read from the database for a token that this app has not made."""

from dataclasses import dataclass
from typing import NamedTuple

import azure.functions as func

from outlast.http.problem import Problem
from outlast.links import Link, Links
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs

PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""Headers of every answer: the address is the key, so it is neither kept nor passed on."""


class Opened(NamedTuple):
    link: Link
    record: RunRecord

    @property
    def shows_rejects(self) -> bool:
        """Whether the link opens the refused rows, and they are still there."""
        return self.link.rejects and self.record.status.removed is None


@dataclass(frozen=True, slots=True)
class LinkOpener:
    runs: Runs
    links: Links

    async def open(self, req: func.HttpRequest) -> Opened:
        """The link of the request's token and its run. Raises a 404 Problem for a token that opens nothing, 410 for one
        that has opened a run."""
        link = self.links.read(req.route_params["token"])
        if link is None:
            raise Problem(404, "Not Found", "this link opens nothing; ask for another one", "token")
        if self.links.is_over(link):
            raise Problem(410, "Gone", f"this link has ended at {link.expires}; ask for another one", "token")
        record = await self.runs.find(link.run)
        if record is None:
            raise Problem(404, "Not Found", "the run of this link is not kept any more", "token")
        if record.status.link_version != link.version:
            raise Problem(410, "Gone", "the links of this run were revoked; ask for another one", "token")
        return Opened(link, record)
