"""POST /api/runs/{run}/links: makes a link that may be shared. It opens this run, to read it, until its end date."""

from collections.abc import Mapping
from dataclasses import dataclass

import azure.functions as func

from outlast.http.answers import MadeLink, answer
from outlast.http.known_run import known_run
from outlast.http.problem import Problem, bad_request
from outlast.http.query import read_query
from outlast.links import MOST_LINK_DAYS, Link, Links
from outlast.runs.store import Runs


@dataclass(frozen=True, slots=True)
class MakeLink:
    runs: Runs
    links: Links

    async def make_link(self, req: func.HttpRequest) -> func.HttpResponse:
        """201 with `{uri, expires, rejects}`; 400, 404, and 501 where no LINK_SECRET is set, as problems.

        Nothing is stored: the same link is made again on the same day.
        """
        query = read_query(req.params, ("days", "rejects"))
        days, rejects = _days(query), query.get("rejects", "false")
        if rejects not in ("true", "false"):
            raise bad_request("rejects must be true or false", "rejects")
        if not self.links.configured:
            raise Problem(501, "Not Implemented", "no links are made here: LINK_SECRET is not set")
        record = await known_run(self.runs, req.route_params["run"])
        until = self.links.until(self.links.now(), days)
        link = Link(record.id, record.status.link_version, until, rejects == "true")
        uri = self.links.uri(link, req.url.split("?")[0].rstrip("/").rsplit("/", 3)[0])
        return answer(MadeLink(uri, link.expires, link.rejects), 201, Location=uri)


def _days(query: Mapping[str, str]) -> float | None:
    if "days" not in query:
        return None
    try:
        days = float(query["days"])
    except ValueError:
        days = 0.0
    if not 0 < days <= MOST_LINK_DAYS:
        raise bad_request(f"days must be a number above 0, at most {MOST_LINK_DAYS}", "days")
    return days
