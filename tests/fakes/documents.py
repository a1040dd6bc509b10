"""Documents in memory, changed under an ETag as in the database."""

from dataclasses import dataclass, field

from outlast.cosmos.conditional import Conflict
from outlast.models import Json

SECRET_OF_TESTS = "s3cret"


async def secret_of_tests() -> str:
    """In place of `AppSecret.get`."""
    return SECRET_OF_TESTS


@dataclass(slots=True)
class FakeDocuments:
    kept: dict[str, Json] = field(default_factory=dict)
    writes: int = 0

    async def read(self, name: str) -> Json | None:
        return self.kept.get(name)

    async def write(self, document: Json, etag: str | None) -> Json:
        before = self.kept.get(document["id"])
        if (before["_etag"] if before else None) != etag:
            raise Conflict
        self.writes += 1
        self.kept[document["id"]] = {**document, "_etag": f'"{self.writes}"'}
        return self.kept[document["id"]]
