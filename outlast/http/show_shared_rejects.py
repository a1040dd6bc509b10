"""GET /api/shared/{token}/rejects: the refused rows of the run of a link that was made for them, too."""

from dataclasses import dataclass

import azure.functions as func

from outlast.http.open_link import PRIVATE, LinkOpener
from outlast.http.problem import Problem
from outlast.http.show_rejects import ShowRejects


@dataclass(frozen=True, slots=True)
class ShowSharedRejects:
    opener: LinkOpener
    rejects: ShowRejects

    async def show_shared_rejects(self, req: func.HttpRequest) -> func.HttpResponse:
        """The CSV of `show_rejects`; 403 for a link that was made without `rejects=true`."""
        link, record = await self.opener.open(req)
        if not link.rejects:
            raise Problem(403, "Forbidden", "this link does not open the rejects; make one with rejects=true", "token")
        response = await self.rejects.show(req, record)
        for name, value in PRIVATE.items():
            response.headers[name] = value
        return response
