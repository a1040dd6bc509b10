"""What every request and every answer passes, before and after its handler."""

import functools
from dataclasses import dataclass, field
from typing import Any, cast

import azure.functions as func

from outlast.http.cors import Cors
from outlast.http.etag import with_etag
from outlast.http.problem import Handler, P, answering
from outlast.http.public_address import PublicAddress


@dataclass(frozen=True, slots=True)
class Entrance:
    address: PublicAddress = field(default_factory=PublicAddress)
    cors: Cors = field(default_factory=Cors)

    def answering(self, handler: Handler[P]) -> Handler[P]:
        """A handler whose errors are problems, whose links are those of the public address, whose answers have an ETag,
        and may be read by pages of the origins that are named. Name and signature stay, because the host reads them."""
        safe: Any = answering(handler)

        @functools.wraps(handler)
        async def answered(req: func.HttpRequest, *args: Any, **kwargs: Any) -> func.HttpResponse:
            request = self.address.seen(req)
            response = with_etag(request, await safe(request, *args, **kwargs))
            for name, value in self.cors.headers(request).items():
                before = response.headers.get(name)
                response.headers[name] = f"{before}, {value}" if before and name == "Vary" else value
            return response

        return cast(Handler[P], answered)
