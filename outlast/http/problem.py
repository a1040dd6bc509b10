"""Refused requests, answered with RFC 9457 problem details."""

import functools
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import ParamSpec

import azure.functions as func
import orjson
from obstore.exceptions import BaseError
from pydantic import ValidationError

from outlast.errors import OutlastError

P = ParamSpec("P")
Handler = Callable[P, Awaitable[func.HttpResponse]]


class Problem(Exception):
    """A request that is refused. `field` names the part that is wrong; `more` are further members of the body."""

    def __init__(self, status: int, title: str, detail: str, field: str | None = None, **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
        if field is not None:
            self.body["field"] = field

    def response(self) -> func.HttpResponse:
        return func.HttpResponse(orjson.dumps(self.body), status_code=self.status, mimetype="application/problem+json")


def bad_request(detail: str, field: str, **more: object) -> Problem:
    return Problem(400, "Bad Request", detail, field, **more)


def from_validation(error: ValidationError, known: Iterable[str], within: str = "") -> Problem:
    """The first fault, named by its field and without its value, which may be personal.

    `known` are the names that a caller may use; `within` is the prefix of the field's name.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = within + ".".join(str(part)[:100] for part in first["loc"]) or "body"
    if first["type"] == "extra_forbidden":
        return bad_request(f"{field}: there is no such parameter; there are: {', '.join(known) or 'none'}", field)
    return bad_request(f"{field}: {first['msg']}", field)


def _unavailable(handler: object, error: Exception, text: str) -> func.HttpResponse:
    logging.getLogger("outlast").error("%s: %s", getattr(handler, "__name__", "http"), error)
    return Problem(503, "Service Unavailable", f"{text}; GET /api/health says more").response()


def answering(handler: Handler[P]) -> Handler[P]:
    """Turn the errors of a handler into responses. Name and signature stay, because the host reads them."""

    @functools.wraps(handler)
    async def answered(*args: P.args, **kwargs: P.kwargs) -> func.HttpResponse:
        try:
            return await handler(*args, **kwargs)
        except Problem as problem:
            return problem.response()
        except OutlastError as error:
            return _unavailable(handler, error, str(error))
        except (BaseError, OSError) as error:
            return _unavailable(handler, error, f"the staging location gave no usable answer ({type(error).__name__})")

    return answered
