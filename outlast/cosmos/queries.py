"""Reads a query's documents range by range of the hash space, so that a split loses and doubles none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosHttpResponseError

from outlast.cosmos.bulk.transport import header, read_throughput
from outlast.cosmos.client import Cosmos
from outlast.cosmos.connection import (
    ContainerRecreated,
    forget_ranges,
    ordered_ranges,
    post_query,
    query_plan,
    read_ranges,
)
from outlast.cosmos.errors import ANY_ERROR, translate, translated
from outlast.errors import Permanent, Transient
from outlast.models import Json, Payload

EVERYTHING = "SELECT * FROM c"
PAGE = 1000
"""Documents of a page at most. The service ends one at 4 MB."""
DIGITS = 32
"""Hex digits of a hash, of the first level of a hierarchical key. Two bits of it are always 0."""
END = "FF"
"""Behind every hash."""
SPLIT = 410
_UNMERGED = (
    "is read by ranges of the hash space, whose answers are not merged; leave out ORDER BY, GROUP BY, DISTINCT, TOP, "
    "OFFSET and aggregates, and use GroupedReport for groups"
)


@dataclass(frozen=True, slots=True)
class Query(Payload):
    """What is read of a container. `parameters` are those of the SQL, each with `name` and `value`."""

    container: str
    sql: str = EVERYTHING
    parameters: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HashRange(Payload):
    """Hashes from `low` on and below `high`, and the continuation token behind which the next page begins."""

    low: str
    high: str
    token: str | None = None


class Page(NamedTuple):
    """The documents of one request, and what is left of its range: more than one range where that was split.

    `wait` is the seconds after which the database takes the request again, where it was throttled.
    """

    documents: list[Any]
    left: list[HashRange]
    charge: float = 0.0
    wait: float = 0.0


class BadQuery(Exception):
    """The service refuses the query, or it cannot be read by ranges. The text says why."""


class Queries(Protocol):
    """Reads queries of the database."""

    async def check(self, query: Query) -> None:
        """Raise BadQuery for one that cannot be read, else Permanent or Transient."""
        ...

    async def ranges(self, container: str, pieces: int) -> list[HashRange]:
        """The ranges of a container, each physical partition cut into so many pieces."""
        ...

    async def page(self, query: Query, one: HashRange) -> Page:
        """The next page of a range. Raises Permanent or Transient."""
        ...

    async def throughput(self, container: str) -> float:
        """The provisioned RU/s."""
        ...


@dataclass(slots=True)
class CosmosQueries:
    """Implements Queries. It sees each 429 and each split, because the SDK's retries would begin a range again."""

    cosmos: Cosmos
    _maps: dict[str, Any] = field(default_factory=dict)

    async def check(self, query: Query) -> None:
        proxy = await self._proxy(query.container)
        try:
            plan = await query_plan(proxy, _spec(query))
        except CosmosHttpResponseError as error:
            if error.status_code == 400:
                raise BadQuery(f"the database refuses it: {_message(error)}") from None
            raise translate(error, f"the query of {query.container}", query.container) from error
        except ANY_ERROR as error:
            raise translate(error, f"the query of {query.container}", query.container) from error
        if _is_merged(plan.get("queryInfo") or {}):
            raise BadQuery(_UNMERGED)

    async def ranges(self, container: str, pieces: int) -> list[HashRange]:
        proxy = await self._proxy(container)
        with translated(f"the container {container}", container):
            properties = await proxy.read()
            whole = await self._physical(container, fresh=True)
        cuts = pieces if int(properties["partitionKey"].get("version", 1)) == 2 else 1
        return [piece for _, low, high in whole for piece in cut_range(low, high, cuts)]

    async def throughput(self, container: str) -> float:
        return await read_throughput((await self.cosmos.database()).get_container_client(container))

    async def page(self, query: Query, one: HashRange) -> Page:
        physical = [p for p in await self._physical(query.container) if p[1] < one.high and p[2] > one.low]
        if len(physical) != 1:
            return Page([], [_within(one, low, high) for _, low, high in physical])
        try:
            return await self._ask(query, one, physical[0][0])
        except ContainerRecreated:
            raise Permanent(f"the container {query.container} was deleted and created again; start a new run") from None
        except CosmosHttpResponseError as error:
            if error.status_code == SPLIT:
                await self._physical(query.container, fresh=True)
                return Page([], [one])
            if error.status_code == 429:
                wait = header(error, "x-ms-retry-after-ms") / 1000
                return Page([], [one], header(error, "x-ms-request-charge"), max(wait, 0.01))
            raise translate(error, f"the query of {query.container}", query.container) from error
        except ANY_ERROR as error:
            raise translate(error, f"the query of {query.container}", query.container) from error

    async def _ask(self, query: Query, one: HashRange, range_id: str) -> Page:
        headers = {
            "x-ms-read-key-type": "EffectivePartitionKeyRange",
            "x-ms-start-epk": one.low,
            "x-ms-end-epk": one.high,
        }
        options = {"maxItemCount": PAGE, "enableCrossPartitionQuery": True, "continuation": one.token}
        proxy = await self._proxy(query.container)
        answer, about = await post_query(proxy, range_id, headers, options, _spec(query))
        token = about.get("x-ms-continuation")
        left = [HashRange(one.low, one.high, token)] if token else []
        return Page(answer["Documents"], left, float(about.get("x-ms-request-charge") or 0))

    async def _proxy(self, container: str) -> ContainerProxy:
        return (await self.cosmos.writing()).get_container_client(container)

    async def _physical(self, container: str, *, fresh: bool = False) -> list[tuple[str, str, str]]:
        """Id and bounds of each partition key range, in the order of the hash space."""
        proxy, known = await self._proxy(container), self._maps.get(container)
        if known is None or fresh:
            with translated(f"the partition key ranges of {container}", container):
                rid = (await proxy.read())["_rid"]
                if known is not None and known[0] != rid:
                    forget_ranges(proxy)
                    known = None
                found = await read_ranges(proxy, rid, known[1] if known else None)
            if found is None:
                raise Transient(f"the partition key ranges of {container} could not be read")
            self._maps[container] = known = (rid, found)
        return [(one["id"], one["minInclusive"], one["maxExclusive"]) for one in ordered_ranges(known[1])]


def cut_range(low: str, high: str, pieces: int) -> list[HashRange]:
    """A range of hashes in pieces of about the same size; fewer where it is too small."""
    first, last = _number(low), 1 << (4 * DIGITS - 2) if high == END else _number(high)
    inner = sorted({first + (last - first) * n // pieces for n in range(1, pieces)} - {first, last})
    bounds = [low, *(f"{number:0{DIGITS}X}" for number in inner), high]
    return [HashRange(*pair) for pair in pairwise(bounds)]


def _number(bound: str) -> int:
    return int(bound[:DIGITS].ljust(DIGITS, "0"), 16)


def _within(one: HashRange, low: str, high: str) -> HashRange:
    """The part of a range in one partition. The token of a split partition is that of each of its parts."""
    return HashRange(max(one.low, low), min(one.high, high), one.token)


def _spec(query: Query) -> Mapping[str, Any]:
    return {"query": query.sql, "parameters": query.parameters}


def _is_merged(info: Mapping[str, Any]) -> bool:
    """Whether the answers of several ranges would have to be merged."""
    members = ("orderBy", "aggregates", "groupByExpressions", "groupByAliasToAggregateType", "dCountInfo")
    limits = ("top", "offset", "limit")
    distinct = info.get("distinctType") not in (None, "None")
    return distinct or any(info.get(name) for name in members) or any(info.get(name) is not None for name in limits)


def _message(error: CosmosHttpResponseError) -> str:
    return str(error.http_error_message or "")[:500]
