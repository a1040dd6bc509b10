"""What a start is answered with: the durable payload if it is wanted, the run's address, a link that may be shared."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func
import orjson

from outlast.http.answers import answer
from outlast.links import Link, Links
from outlast.models import Json
from outlast.runs.record import RunRecord

RETRY_SECONDS = "10"
"""`Retry-After` of a 202, as the Durable SDK has it."""


@dataclass(frozen=True, slots=True)
class StartAnswers:
    """`links` is None where the app makes none. `durable_urls` holds where a start does not say it."""

    links: Links | None = None
    durable_urls: bool = True

    def started(
        self, req: func.HttpRequest, client: Any, record: RunRecord, durable_urls: bool | None
    ) -> func.HttpResponse:
        """202. The durable URLs have the app's system key, so an answer without them can be passed on."""
        addresses = self._addresses(req, record)
        if self.durable_urls if durable_urls is None else durable_urls:
            response = client.create_check_status_response(req, record.id)
            durable = {name: _below(req, url) for name, url in orjson.loads(response.get_body()).items()}
            headers = {**response.headers, "Location": durable["statusQueryGetUri"]}
            return func.HttpResponse(orjson.dumps({**durable, **addresses}), status_code=202, headers=headers)
        body = {"id": record.id, **addresses}
        return answer(body, 202, Location=addresses["runUri"], Retry_After=RETRY_SECONDS)

    def recorded(self, req: func.HttpRequest, record: RunRecord) -> func.HttpResponse:
        """200 about a run of which only the record is left."""
        addresses = self._addresses(req, record)
        body = {"id": record.id, **addresses, "run": record.shown()}
        return answer(body, Location=addresses["runUri"])

    def _addresses(self, req: func.HttpRequest, record: RunRecord) -> Json:
        """`runUri`, and `shareUri` where links are made."""
        api = _api(req)
        addresses = {"runUri": f"{api}/runs/{record.id}"}
        if self.links is not None and self.links.configured:
            link = Link(record.id, record.status.link_version, self.links.until(self.links.now()))
            addresses["shareUri"] = self.links.uri(link, api)
        return addresses


def _api(req: func.HttpRequest) -> str:
    """The address of the API. The host matches routes case-insensitively, so it is found by counting."""
    return str(req.url).split("?")[0].rstrip("/").rsplit("/", 2)[0]


def _below(req: func.HttpRequest, url: str) -> str:
    """A durable URL at the address of the app: the SDK has put only its scheme and host there, and not its path."""
    app, parts = _api(req).rpartition("/")[0], urlsplit(req.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return app + url.removeprefix(origin) if url.startswith(f"{origin}/") else url
