"""Documents of the app in memory, changed under an ETag as the database does it."""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass, field

from outlast.cosmos.conditional import Conflict, change
from outlast.models import Json
from outlast.runs.app_documents import Edit

SECRET_OF_TESTS = "s3cret"


async def secret_of_tests() -> str:
    """In place of `AppSecret.get`."""
    return SECRET_OF_TESTS


@dataclass(slots=True)
class FakeAppDocuments:
    """`when_read`, called when a document was read, and `before_write` are the places for a change that comes
    between; after `when_written` the answer can be lost."""

    documents: dict[str, tuple[int, Json]] = field(default_factory=dict)
    writes: int = 0
    when_read: Callable[[], None] = lambda: None
    before_write: Callable[[], None] = lambda: None
    when_written: Callable[[], None] = lambda: None

    async def change(self, name: str, edit: Edit) -> Json:
        async def read() -> tuple[int, Json]:
            await asyncio.sleep(0)
            found = copy.deepcopy(self.documents.get(name, (0, {})))
            self.when_read()
            return found

        async def write(before: tuple[int, Json], after: tuple[int, Json]) -> tuple[int, Json]:
            self.before_write()
            if self.documents.get(name, (0, {}))[0] != before[0]:
                raise Conflict
            self.writes += 1
            self.documents[name] = (self.writes, copy.deepcopy(after[1]))
            self.when_written()
            return self.documents[name]

        found = await change(read=read, edit=lambda before: (before[0], edit(before[1])), write=write)
        return found[1]
