"""Counts what the staged documents of a run will cost, and samples which of them are there already."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result, Route, Transport
from outlast.cosmos.costs import IndexedTerms, create_units
from outlast.cosmos.errors import dead_end
from outlast.errors import OutlastError, Permanent, Transient
from outlast.planning.figures import Figures
from outlast.planning.there import There
from outlast.report import Report

SAMPLE = 400
"""Documents of a run that are looked for in the container, evenly over all. So a share is known to a few percent."""
LOOKED_FOR = ("upsert", "create")
"""The write modes in which a document may be there already. All documents of a snapshot are new."""
NOT_ESTIMATED = ("patch", "delete")
"""The write modes whose request units depend on documents that the run does not have."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """`in_thread` runs work that keeps a CPU busy beside the event loop."""

    transport: Transport
    there: There
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]

    async def add(self, figures: Figures, report: Report[Any], documents: Sequence[StagedDocument], every: int) -> None:
        """Count these documents. One of `every` is looked for in the container and stands for the others."""
        route = await self.transport.route(report.container)
        if isinstance(route, Result):
            raise _unreadable(route, report)
        if report.mode in NOT_ESTIMATED:
            figures.estimated = False
            _count_alone(figures, route, documents)
            return
        policy, first = IndexedTerms(await self.there.policy(report.container)), figures.documents
        units: list[float] = await self.in_thread(lambda: _count(figures, route, policy, report.queried, documents))
        chosen = [at for at in range(len(documents)) if (first + at) % every == 0]
        sample = [documents[at] for at in chosen]
        kinds = ["new"] * len(sample)
        if report.mode in LOOKED_FOR:
            kinds = await self.there.kinds(report.container, sample)
        for at, kind in zip(chosen, kinds, strict=True):
            figures.add_kind(kind, units[at], every)


def _unreadable(route: Result, report: Report[Any]) -> OutlastError:
    what = f"the partitions of {report.container}"
    text = dead_end(what, report.container, route.status, route.substatus, report.partition_key)
    return Permanent(text) if text else Transient(f"{what} cannot be read ({route.status}): {route.message}")


def _count(
    figures: Figures, route: Route, policy: IndexedTerms, queried: tuple[str, ...], documents: Sequence[StagedDocument]
) -> list[float]:
    """Add the documents to the figures; return the request units of each as a create."""
    fewer, units = IndexedTerms.of_paths(queried), []
    for document, target in zip(documents, route.targets(documents), strict=True):
        parsed, size = document.parsed(), len(document.body)
        cost = create_units(size, policy.count(parsed))
        figures.add_document(target.partition, size, cost, create_units(size, fewer.count(parsed)) if queried else 0.0)
        units.append(cost)
    return units


def _count_alone(figures: Figures, route: Route, documents: Sequence[StagedDocument]) -> None:
    for document, target in zip(documents, route.targets(documents), strict=True):
        figures.add_document(target.partition, len(document.body), 0.0, 0.0)
