"""Answers that refuse a request (RFC 9457), as errors of the command: exit code and next step by status."""

import json
from typing import Any

import httpx

from outlast_cli.errors import CommandError, Unreachable
from outlast_cli.exit_codes import ExitCode

CODES = {
    401: ExitCode.KEY,
    403: ExitCode.KEY,
    404: ExitCode.MISSING,
    409: ExitCode.CONFLICT,
    410: ExitCode.MISSING,
    422: ExitCode.CONFLICT,
}
"""By status; another 4xx is a wrong request, and the rest is an app that does not work."""
HINTS = {
    401: "The function key is missing or wrong. Run `outlast login URL`, or set OUTLAST_KEY.",
    403: "The app or its network refuses this machine. Run `outlast doctor`.",
    503: "Run `outlast health`.",
}
SHOWN = frozenset({"type", "title", "status", "detail", "field"})


def refused(answer: httpx.Response) -> CommandError:
    """Return the error of an answer: the problem's detail, field and further members, and the next step."""
    status, problem = answer.status_code, _problem(answer)
    what = f"{answer.request.method} {answer.request.url.copy_with(query=None)} answered {status}"
    detail = str(problem.get("detail") or problem.get("title") or "")
    text = f"{detail or what}{_field(problem)}{_more(problem)}"
    hint = HINTS.get(status) or (_of_missing(answer.request.url.path) if status == 404 else None)
    if status >= 500 or status < 400:
        return Unreachable(text if detail else what, hint or "Run `outlast doctor`.", problem or None)
    return CommandError(text, CODES.get(status, ExitCode.USAGE), hint, problem or None)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _field(problem: dict[str, Any]) -> str:
    field = problem.get("field")
    return f" (field {field})" if field and str(field) not in str(problem.get("detail", "")) else ""


def _more(problem: dict[str, Any]) -> str:
    """The members that only this problem has, such as the columns that were found."""
    more = {name: value for name, value in problem.items() if name not in SHOWN and value not in (None, "", [])}
    lines = [
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in more.items()
    ]
    return "".join(f"\n  {line}" for line in lines)


def _of_missing(path: str) -> str:
    if "/api/reports" in path:
        return "`outlast reports` lists the reports of this app."
    return "`outlast list` shows the runs of this app." if "/api/runs/" in path else "Run `outlast doctor`."
