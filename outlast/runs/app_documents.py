"""What the app keeps for itself beside the run records: documents of the container `runs`, changed by loops over ETags.

A run's id has 32 hex digits, so no id of a run is the name of such a document.
"""

import secrets
from collections.abc import Callable

from outlast.cosmos.conditional import change
from outlast.cosmos.documents import Documents
from outlast.models import Json

SECRET = "secret"
"""Name of the document whose secret is mixed into the ids of runs with an `Idempotency-Key`."""


async def change_members(documents: Documents, name: str, edit: Callable[[Json], Json]) -> Json:
    """Apply `edit` to the newest members, `{}` at first, until no other change comes between; return the members.

    `edit` returns new members, or equal ones to write nothing. The document never expires, whatever the container's
    TTL is.
    """

    def edited(before: Json | None) -> Json | None:
        members = before["members"] if before else {}
        after = edit(members)
        return None if after == members else {"id": name, "ttl": -1, "members": after}

    async def write(before: Json | None, after: Json | None) -> Json | None:
        return await documents.write(after or {}, before["_etag"] if before else None)

    found = await change(read=lambda: documents.read(name), edit=edited, write=write)
    return found["members"] if found else {}


class AppSecret:
    """A secret of the app, made by the first request that needs it. Instances that make it at once agree on one."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._known: str | None = None

    async def get(self) -> str:
        if self._known is None:
            made = {"secret": secrets.token_hex(32)}
            self._known = (await change_members(self._documents, SECRET, lambda members: members or made))["secret"]
        return self._known
