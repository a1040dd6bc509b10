"""Answers that a client keeps and asks about again: an `ETag`, and 304 where nothing has changed.

Source: RFC 9110, section 13.1.2.
"""

import hashlib

import azure.functions as func

REVALIDATED = "private, no-cache"
"""`Cache-Control` of an answer that its own client may keep if it asks each time whether it still holds."""
KEPT_HEADERS = ("Cache-Control", "Vary", "Link")
"""Headers of a 200 that a 304 in its place has, too."""


def with_etag(request: func.HttpRequest, response: func.HttpResponse) -> func.HttpResponse:
    """The answer with a weak ETag of its JSON, or 304 where the request names that one.

    The tag is of what is shown, because a run's lanes change without its record. Answers that nobody may keep, and all
    that are no JSON, stay as they are.
    """
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or response.mimetype != "application/json":
        return response
    if "no-store" in response.headers.get("Cache-Control", ""):
        return response
    etag = f'W/"{hashlib.sha256(response.get_body()).hexdigest()[:32]}"'
    response.headers.setdefault("Cache-Control", REVALIDATED)
    if names(request.headers.get("If-None-Match") or "", etag):
        response = _not_modified(response)
    response.headers["ETag"] = etag
    return response


def names(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` has this tag. A proxy that compresses may have made a strong tag of a weak one."""
    tags = [tag.strip() for tag in header.split(",")]
    return "*" in tags or etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in tags]


def _not_modified(response: func.HttpResponse) -> func.HttpResponse:
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return func.HttpResponse(status_code=304, headers=kept, mimetype=response.mimetype)
