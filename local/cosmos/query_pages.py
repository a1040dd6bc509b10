"""One page of a query's answer, read from one partition or from all."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from local.cosmos import charges, metrics
from local.cosmos.documents import render
from local.cosmos.errors import format_charge
from local.cosmos.exchange import Exchange, session_token
from local.cosmos.executor import Executor
from local.cosmos.messages import Response
from local.cosmos.partitions import Partition, Record
from local.cosmos.query.prepared import PreparedQuery
from local.cosmos.query.rows import Page, Remembered, Source, Token
from local.cosmos.query_tokens import Position, write_token
from local.cosmos.replicas import View

LAST = "FF"  # behind every effective partition key, and behind all that begin with what is in front of it


@dataclass(slots=True)
class QueryPage:
    """A request for a page, and the page that it fills."""

    exchange: Exchange
    executor: Executor
    prepared: PreparedQuery
    page: Page
    token: Token
    began: float = field(default_factory=perf_counter)
    prefix: str = ""  # of the effective partition keys, where the request names the first levels of a key

    def narrow(self, prefix: str) -> None:
        """Reads only documents whose effective partition keys begin so."""
        self.prefix = prefix

    def from_one(self, partition: Partition, key: bytes | None) -> Response:
        """The response from one partition, or from one partition key of it."""
        exchange, prepared = self.exchange, self.prepared
        if key is not None and prepared.index is not None:
            for path in self.executor.container.key_paths:
                prepared.index.use(path)
        view = exchange.view(partition)
        scope = (
            partition.id,
            view.lsn,
            key,
            exchange.header("x-ms-start-epk"),
            exchange.header("x-ms-end-epk"),
            self.prefix,
        )
        remembered = partial(self.executor.container.sorted_rows.get, (*prepared.identity, *scope))
        charge, following = self._run(partition, self._sources(view, key), self.token, remembered)
        return self._respond(charge, following, [view])

    def from_all(self) -> Response:
        """The response from the next partition, also where that has no rows. The token leads to the one after it."""
        position = Position.read(self.token)
        partitions = self._partitions(position)
        if not partitions:
            return self._respond(0.0, None, [])
        partition, others = partitions[0], partitions[1:]
        view = self.exchange.view(partition)
        after = position.after(partition)
        start: Token = {"after": after} if after else {}
        charge, following = self._run(partition, self._sources(view, None), start, lambda make: make())
        if following is not None:
            return self._respond(charge, position.at(partition, following["after"]), [view])
        token = position.at(others[0], position.after(others[0])) if others else None
        return self._respond(charge, token, [view])

    def _partitions(self, position: Position) -> list[Partition]:
        """The partitions that are not finished yet. A query without FROM reads only the first."""
        partitions = self.executor.container.partitions
        partitions = partitions if self.prepared.query.alias else partitions[:1]
        low, high = self.prefix, self.prefix + LAST
        return [one for one in partitions if one.high > position.low and one.low < high and one.high > low]

    def _run(
        self,
        partition: Partition,
        sources: Callable[[int], Iterable[Source]],
        token: Token,
        remembered: Remembered,
    ) -> tuple[float, Token | None]:
        """Fills the page from one partition. Returns the charge and the token of the next page."""
        self.executor.admit(partition)
        read_before = self.page.read
        following = self.prepared.run(sources, token, self.page, remembered)
        charge = charges.query(self.page.read - read_before)
        self.executor.account_for(partition, "query", 200, charge)
        return charge, following

    def _sources(self, view: View, key: bytes | None) -> Callable[[int], Iterable[Source]]:
        """A function that yields the documents after a number. A query without FROM has one empty document."""
        if not self.prepared.query.alias:
            return lambda after: [] if after else [Source(1, 0, lambda: b"{}")]
        container = self.executor.container
        low, high = self.exchange.header("x-ms-start-epk"), self.exchange.header("x-ms-end-epk")
        narrowed = low is not None or high is not None or bool(self.prefix)

        def sources(after: int) -> Iterator[Source]:
            records: Iterable[Record] = view.scan(after) if key is None else view.scan_key(key, after)
            for record in records:
                if not narrowed or self._is_within(container.effective(record.key), low, high):
                    yield Source(record.number, len(record.body), partial(render, container, record))

        return sources

    def _is_within(self, effective: str, low: str | None, high: str | None) -> bool:
        return (
            (low is None or effective >= low)
            and (high is None or effective < high)
            and effective.startswith(self.prefix)
        )

    def _measured(self) -> dict[str, str]:
        """The headers with metrics that the client asks for."""
        exchange, index, headers = self.exchange, self.prepared.index, {}
        if exchange.flag("x-ms-documentdb-populatequerymetrics"):
            headers["x-ms-documentdb-query-metrics"] = metrics.query_metrics(self.page, perf_counter() - self.began)
        if index is not None and exchange.flag("x-ms-cosmos-populateindexmetrics"):
            headers["x-ms-cosmos-index-utilization"] = metrics.index_metrics(index)
        elif index is not None and exchange.flag("x-ms-cosmos-populateindexmetrics-v2"):
            headers["x-ms-cosmos-index-utilization"] = metrics.index_metrics_v2(index)
        return headers

    def _respond(self, charge: float, following: Token | None, partitions: list[View]) -> Response:
        rows, executor = self.page.rows, self.executor
        headers = {"x-ms-request-charge": format_charge(charge), "x-ms-item-count": str(len(rows))}
        if following is not None:
            headers["x-ms-continuation"] = write_token(following)
        headers.update(self._measured())
        head = b'{"_rid":"%b","Documents":[' % executor.container.rid.encode()
        body = head + b",".join(rows) + b'],"_count":%d}' % len(rows)
        only = partitions[0] if len(partitions) == 1 else None
        response = self.exchange.answer(executor, only, Response(200, headers, body))
        headers["x-ms-session-token"] = ",".join(session_token(p) for p in partitions)
        return response
