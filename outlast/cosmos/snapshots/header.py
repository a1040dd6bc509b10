"""Generations of a snapshot report: each run writes its own documents, and a header says whose are current.

A document carries the run it belongs to, and that run's id behind its own, so that generations lie side by side in one
container. The header lies among them, under a partition key of its own; replacing it, under its ETag, is publishing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from outlast.cosmos.document import DocumentRefused
from outlast.report import Report

RUN, ID = "snapshot_run", "snapshot_id"
"""Members of each document: its run, and the id that the report gave it."""
HEADERS = "~current"
"""The partition key of headers."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A published run. `replaced`: when another took its place."""

    run: str
    accepted: str
    replaced: str | None = None

    @property
    def age(self) -> tuple[str, str]:
        return (self.accepted, self.run)


@dataclass(frozen=True, slots=True)
class Header:
    """What readers look up first. `previous`: generations that readers may still be reading."""

    report: str
    current: Generation
    documents: int
    published: str
    previous: tuple[Generation, ...] = ()
    etag: str | None = field(default=None, compare=False)

    def holds(self, run: str) -> bool:
        return run in (self.current.run, *(generation.run for generation in self.previous))

    def without(self, run: str) -> "Header":
        return replace(self, previous=tuple(g for g in self.previous if g.run != run))


Edit = Callable[[Header | None], Header | None]


class Snapshots(Protocol):
    """Where generations and their headers lie."""

    async def header(self, report: Report[Any]) -> Header | None: ...

    async def change(self, report: Report[Any], edit: Edit) -> Header | None:
        """Replace the header by what `edit` makes of the newest one, until no other change comes between; None, or the
        same, leaves it. Return the header that is there then."""
        ...

    async def remove(self, report: Report[Any], run: str) -> int:
        """Delete documents of a run; return how many were found, 0 when there is none any more."""
        ...


def as_generation(document: Any, run: str) -> Any:
    """The document as it is stored for this run; raise DocumentRefused where it uses our names itself."""
    if not isinstance(document, Mapping):
        return document
    for name in (RUN, ID):
        if name in document:
            raise DocumentRefused("reserved", f"the document must not have the member {name} itself", name)
    own = document.get("id")
    return {**document, "id": f"{own}:{run}" if isinstance(own, str) and own else own, RUN: run, ID: own}


def published(header: Header | None, report: str, run: Generation, documents: int, now: str) -> Header | None:
    """The header with this run as the current one; None where a newer run is, or this one was published before."""
    if header is None:
        return Header(report, run, documents, now)
    if header.holds(run.run) or header.current.age > run.age:
        return None
    before = replace(header.current, replaced=now)
    return Header(report, run, documents, now, (*header.previous, before))


def header_id(report: Report[Any]) -> str:
    return f"current:{report.name}"


def header_document(report: Report[Any], header: Header) -> dict[str, Any]:
    """As it is stored: the members of `Header`, and the partition key where the container's path has it."""
    fields = asdict(header)
    del fields["etag"]
    document: dict[str, Any] = {"id": header_id(report), "run": header.current.run, **fields}
    place, path = document, report.partition_key[1:].split("/")
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = HEADERS
    return document


def read_header(document: Mapping[str, Any]) -> Header:
    previous = tuple(Generation(**generation) for generation in document["previous"])
    return Header(
        document["report"],
        Generation(**document["current"]),
        document["documents"],
        document["published"],
        previous,
        document.get("_etag"),
    )
