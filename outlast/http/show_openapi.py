"""GET /api/openapi.json: the description of the API for programs. It is the same in every app, so no key is needed."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import azure.functions as func

from outlast.http.answers import answer
from outlast.http.openapi.document import openapi


@dataclass(frozen=True, slots=True)
class ShowOpenapi:
    version: str

    async def show_openapi(self, req: func.HttpRequest) -> func.HttpResponse:
        """OpenAPI 3.1, whose server is the app as the caller sees it."""
        address = urlsplit(req.url)
        path = address.path.rstrip("/").rpartition("/")[0].rpartition("/")[0]
        return answer(openapi(f"{address.scheme}://{address.netloc}{path}", self.version))
