"""Generations of a snapshot report. Each run writes its own documents, and a header says which run is current.

Each document has the id of its run as a member and as the end of its id, so one container holds several generations.
The same container holds the header under a partition key of its own. Replacing the header publishes a generation.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.document import DocumentRefused
from outlast.key_paths import each_path, members_of
from outlast.models import SNAPSHOT_HEADER, SNAPSHOT_ID, SNAPSHOT_RUN
from outlast.report import Report

RUN, ID, HEADER = SNAPSHOT_RUN, SNAPSHOT_ID, SNAPSHOT_HEADER
HEADERS = "~current"
"""The partition key of headers; of a hierarchical key each level."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A published run. `replaced` is the time when a newer one became current."""

    run: str
    accepted: str
    replaced: str | None = None

    @property
    def age(self) -> tuple[str, str]:
        return (self.accepted, self.run)


@dataclass(frozen=True, slots=True)
class Header:
    """What readers read first. `previous` are generations that readers may still be reading."""

    report: str
    current: Generation
    documents: int
    published: str
    previous: tuple[Generation, ...] = ()
    reader: str | None = None
    """The run of a mirror report that read the header last: it wrote this, because what is only read may be behind."""
    etag: str | None = field(default=None, compare=False)

    def holds(self, run: str) -> bool:
        return run in (self.current.run, *(generation.run for generation in self.previous))

    def without(self, run: str) -> "Header":
        return replace(self, previous=tuple(g for g in self.previous if g.run != run))


class Removed(NamedTuple):
    """What one look for documents of a generation found and deleted. `wait`: seconds before the next look."""

    found: int
    deleted: int
    wait: float = 0.0


Edit = Callable[[Header | None], Header | None]


class Snapshots(Protocol):
    """The store of generations and their headers."""

    async def header(self, report: Report[Any]) -> Header | None: ...

    async def change(self, report: Report[Any], edit: Edit) -> Header | None:
        """Apply `edit` to the newest header until no other change comes between, and return the stored header.

        Nothing is written when `edit` returns None or an equal header.
        """
        ...

    async def remove(self, report: Report[Any], run: str, limits: Limits) -> Removed:
        """Find documents of a run and delete them, as far as the limits allow. None is found when all are deleted."""
        ...

    async def count(self, report: Report[Any]) -> tuple[int, float]:
        """How many documents the report's container has beside headers, and the request units of counting them."""
        ...


def as_generation(document: Any, run: str) -> Any:
    """Return the document as it is stored for this run. Raises DocumentRefused when it has the reserved members."""
    if not isinstance(document, Mapping):
        return document
    for name in (RUN, ID, HEADER):
        if name in document:
            raise DocumentRefused("reserved", f"the document must not have the member {name} itself", name)
    own = document.get("id")
    return {**document, "id": f"{own}:{run}" if isinstance(own, str) and own else own, RUN: run, ID: own}


def published(header: Header | None, report: str, run: Generation, documents: int, now: str) -> Header | None:
    """Return the header with this run as current; None when a newer run is current or this one was published before."""
    if header is None:
        return Header(report, run, documents, now)
    if header.holds(run.run) or header.current.age > run.age:
        return None
    before = replace(header.current, replaced=now)
    return Header(report, run, documents, now, (*header.previous, before))


def header_key(report: Report[Any]) -> str | list[str]:
    """The partition key of the report's header as the SDK takes it."""
    levels = len(each_path(report.partition_key))
    return [HEADERS] * levels if levels > 1 else HEADERS


def header_id(report: Report[Any]) -> str:
    return f"current:{report.name}"


def header_document(report: Report[Any], header: Header) -> dict[str, Any]:
    """Return the stored form: the header under a name of its own, and the partition key at the container's path.

    So no partition key of a report can be the name of a member of the header.
    """
    fields = asdict(header)
    del fields["etag"]
    if header.reader is None:
        del fields["reader"]
    document: dict[str, Any] = {"id": header_id(report), HEADER: {"run": header.current.run, **fields}}
    for *above, last in members_of(report.partition_key):
        member = document
        for name in above:
            member = member.setdefault(name, {})
        member[last] = HEADERS
    return document


def read_header(document: Mapping[str, Any]) -> Header:
    """Read a stored header, also one of before the members had a name of their own."""
    stored = document.get(HEADER, document)
    previous = tuple(Generation(**generation) for generation in stored["previous"])
    return Header(
        stored["report"],
        Generation(**stored["current"]),
        stored["documents"],
        stored["published"],
        previous,
        stored.get("reader"),
        document.get("_etag"),
    )
