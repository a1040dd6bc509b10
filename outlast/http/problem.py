"""Refused requests, answered with RFC 9457 problem details."""

import functools
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import ParamSpec

import azure.functions as func
import orjson
from obstore.exceptions import BaseError
from pydantic import ValidationError

from outlast.errors import OutlastError, shorten

P = ParamSpec("P")
Handler = Callable[P, Awaitable[func.HttpResponse]]
MOST_DETAIL, MOST_VALUE, MOST_VALUES = 1000, 256, 100
"""Characters of a text, characters of a name, and names of a list. A response never repeats a long request."""


class Problem(Exception):
    """A request that is refused. `field` names the part that is wrong; `more` are further members of the body."""

    def __init__(self, status: int, title: str, detail: str, field: str | None = None, **more: object) -> None:
        super().__init__(detail)
        self.status = status
        shown = {name: _bounded(value) for name, value in more.items()}
        self.body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": shorten(detail, MOST_DETAIL),
            **shown,
        }
        if field is not None:
            self.body["field"] = shorten(field, MOST_VALUE)

    def response(self) -> func.HttpResponse:
        return func.HttpResponse(orjson.dumps(self.body), status_code=self.status, mimetype="application/problem+json")


def _bounded(value: object) -> object:
    if isinstance(value, str):
        return shorten(value, MOST_VALUE)
    if not isinstance(value, list):
        return value
    left = len(value) - MOST_VALUES
    return [_bounded(one) for one in value[:MOST_VALUES]] + ([f"… and {left:,} more"] if left > 0 else [])


def bad_request(detail: str, field: str, **more: object) -> Problem:
    return Problem(400, "Bad Request", detail, field, **more)


def from_validation(error: ValidationError, known: Iterable[str], within: str = "") -> Problem:
    """The first fault, named by its field and without its value, which may be personal.

    `known` are the names that a caller may use; `within` is the prefix of the field's name.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = within + ".".join(str(part) for part in first["loc"]) or "body"
    if first["type"] == "extra_forbidden":
        return bad_request(f"{field}: there is no such parameter; there are: {', '.join(known) or 'none'}", field)
    return bad_request(f"{field}: {first['msg']}", field)


def _unavailable(handler: object, error: Exception, text: str) -> func.HttpResponse:
    logging.getLogger("outlast").error("%s: %s", getattr(handler, "__name__", "http"), error)
    return Problem(503, "Service Unavailable", f"{text}; GET /api/health says more").response()


def answering(handler: Handler[P]) -> Handler[P]:
    """Turn the errors of a handler into responses. Name and signature stay, because the host reads them.

    Every response tells browsers not to guess its type.
    """

    @functools.wraps(handler)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> func.HttpResponse:
        response = await answer(*args, **kwargs)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    async def answer(*args: P.args, **kwargs: P.kwargs) -> func.HttpResponse:
        try:
            return await handler(*args, **kwargs)
        except Problem as problem:
            return problem.response()
        except OutlastError as error:
            return _unavailable(handler, error, str(error))
        except (BaseError, OSError) as error:
            return _unavailable(handler, error, f"the staging location gave no usable answer ({type(error).__name__})")

    return answered
