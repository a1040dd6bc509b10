"""OPTIONS of any route: which methods it takes, and whether a page of another origin may send them.

A browser asks before it sends such a request, and sends no key with the question.
"""

import re
from dataclasses import dataclass

import azure.functions as func

from outlast.http.cors import Cors
from outlast.http.openapi.document import OPERATIONS
from outlast.http.problem import Problem


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    cors: Cors

    async def answer_options(self, req: func.HttpRequest) -> func.HttpResponse:
        """204 with `Allow`, and 404 where the API has no such route."""
        methods = allowed("/api/" + (req.route_params.get("rest") or "").strip("/"))
        if not methods:
            raise Problem(404, "Not Found", "there is no such route; GET /api/openapi.json lists them", "rest")
        return func.HttpResponse(status_code=204, headers={"Allow": methods, **self.cors.preflight(req, methods)})


def allowed(path: str) -> str:
    """The methods of a path, separated by commas; empty where it is no route. The host ignores the case of routes."""
    found = {operation.method for operation in OPERATIONS if _pattern(operation.path).fullmatch(path)}
    more = {"HEAD"} if "GET" in found else set()
    return ", ".join(sorted(found | more | {"OPTIONS"})) if found else ""


def _pattern(route: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\}", "[^/]+", re.escape(route)), re.IGNORECASE)
