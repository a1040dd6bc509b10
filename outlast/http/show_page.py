"""GET /api/ui and GET /api/ui/{file}: the page, static files of the app. They hold nothing, so no key opens them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import azure.functions as func

from outlast.errors import Permanent
from outlast.http.etag import names
from outlast.http.problem import Problem
from outlast.staging.location import blob_location

INDEX = "index.html"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
"""The files of the folder that are served, by their endings."""


class PageFile(NamedTuple):
    data: bytes
    type: str
    etag: str


@dataclass(frozen=True, slots=True)
class ShowPage:
    """`files` is the whole table by name: what a caller asks for is looked up there and never becomes a path.

    `upload_origin` is the one other place to which the page may send: the storage account of the uploads.
    """

    files: Mapping[str, PageFile]
    upload_origin: str | None = None

    async def show_page(self, req: func.HttpRequest) -> func.HttpResponse:
        """200 with the file, index.html without a name; 304 if the caller has it; 308 behind a trailing slash."""
        name = req.route_params.get("file") or INDEX
        if name == INDEX and urlsplit(req.url).path.endswith("/"):
            return func.HttpResponse(status_code=308, headers={"Location": "../ui"})
        found = self.files.get(name)
        if found is None:
            raise Problem(404, "Not Found", "the page has no such file", "file")
        headers = {**self._headers(), "ETag": found.etag}
        if names(req.headers.get("If-None-Match", ""), found.etag):
            return func.HttpResponse(status_code=304, headers=headers)
        return func.HttpResponse(found.data, headers=headers, mimetype=found.type, charset="utf-8")

    def _headers(self) -> dict[str, str]:
        """A browser asks each time whether a file is still the same: modules of two releases never meet."""
        connect = " ".join(filter(None, ("'self'", self.upload_origin)))
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"connect-src {connect}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
        }


def page_files(folder: Path) -> dict[str, PageFile]:
    """Read the files of the page, by name."""
    return {path.name: _read(path) for path in sorted(folder.iterdir()) if path.suffix in TYPES}


def upload_origin(inputs_url: str, account: str) -> str | None:
    """The origin of the storage account to which uploads go; None where they go to the app itself, or nowhere."""
    try:
        endpoint = blob_location(inputs_url, account).endpoint
    except Permanent:
        return None
    return f"https://{urlsplit(endpoint).netloc}"


def _read(path: Path) -> PageFile:
    data = path.read_bytes()
    return PageFile(data, TYPES[path.suffix], f'"{hashlib.sha256(data).hexdigest()[:20]}"')
