"""The body of a query request: text, parameters, and where a sorted query goes on."""

from dataclasses import dataclass
from typing import Any

from local.cosmos.errors import bad_request
from local.cosmos.nesting import NESTING_LIMIT, depth, too_deep
from local.cosmos.query.errors import unsupported
from local.cosmos.query.rows import Row, comes_after, from_portable
from local.cosmos.query.values import UNDEFINED, sort_key
from local.cosmos.rids import document_number

MEMBERS = frozenset({"query", "parameters", "resumeFilter"})
BEHIND_ALL, BEFORE_ALL = float("inf"), -1.0


@dataclass(slots=True, frozen=True)
class ResumeFilter:
    """The rows of a sorted query that a client still wants: those from the values of ORDER BY on, or after them.

    Clients that merge partitions send it in place of a continuation token. Among the rows with exactly these values it
    keeps those from a document on.
    """

    values: list[Any]
    after: float
    """Rows with exactly these values are wanted where the number of their document is above it."""

    def rest(self, rows: list[Row], ascending: list[bool]) -> list[Row]:
        """The wanted rows; raises 400 where the filter has another number of values than ORDER BY."""
        if len(self.values) != len(ascending):
            raise bad_request("The resumeFilter needs one value for each item of ORDER BY.")
        wanted = [sort_key(value) for value in self.values]
        for at, (keys, number, _, _) in enumerate(rows):
            if comes_after([sort_key(from_portable(key)) for key in keys], number, wanted, self.after, ascending):
                return rows[at:]
        return []


@dataclass(slots=True, frozen=True)
class QueryBody:
    text: str
    parameters: dict[str, Any]
    resume: ResumeFilter | None


def read_query(body: Any) -> QueryBody:
    """The body of a query request; raises 400, also for a member that is not understood."""
    text = body.get("query") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise bad_request("A query request is an object with the text under 'query'.")
    if unknown := sorted(body.keys() - MEMBERS):
        raise bad_request(f"A query request has no member '{unknown[0][:100]}'.")
    parameters = body.get("parameters") or []
    if not isinstance(parameters, list) or not all(isinstance(p, dict) and "name" in p for p in parameters):
        raise bad_request("The parameters of a query are a list of objects with name and value.")
    if depth(parameters) > NESTING_LIMIT + 2:  # the values are in a list of objects
        raise too_deep()
    named = {str(p["name"]): p.get("value", UNDEFINED) for p in parameters}
    return QueryBody(text, named, _read_resume(body.get("resumeFilter")))


def _read_resume(data: Any) -> ResumeFilter | None:
    if data is None:
        return None
    if not isinstance(data, dict) or data.keys() - {"value", "rid", "exclude"}:
        raise bad_request("The resumeFilter is an object with value, rid and exclude.")
    values, exclude = data.get("value"), data.get("exclude", False)
    if not isinstance(values, list) or not values or not isinstance(exclude, bool):
        raise bad_request("The resumeFilter has a list of values and a boolean exclude.")
    return ResumeFilter([_resume_value(value) for value in values], _after(data.get("rid"), exclude))


def _resume_value(value: Any) -> Any:
    """A value of ORDER BY. Clients write an undefined one as an empty list, and an array or object as its hash."""
    if value == []:
        return UNDEFINED
    if isinstance(value, list | dict):
        raise unsupported("a resumeFilter at an array or object")
    return value


def _after(rid: Any, exclude: bool) -> float:
    if rid is None:
        return BEHIND_ALL if exclude else BEFORE_ALL
    number = document_number(rid) if isinstance(rid, str) else None
    if number is None:
        raise bad_request("The rid of the resumeFilter is not the resource id of a document.")
    return number if exclude else number - 1
