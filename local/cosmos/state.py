"""The account: databases, containers, their partitions and throughput."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.cosmos import hashing
from local.cosmos.budget import Budget
from local.cosmos.errors import bad_request, not_found, range_gone
from local.cosmos.expiry import Expiry
from local.cosmos.indexing import term_counter
from local.cosmos.parsing import WRONG_KEY, read_key
from local.cosmos.partitions import Partition, Record
from local.cosmos.paths import split_path
from local.cosmos.query.computed import Computed, read_computed
from local.cosmos.query.rows import RowCache, SortedRows
from local.cosmos.replicas import History, Replica
from local.cosmos.rids import database_of, decode_rid, encode_rid, etag_of
from local.cosmos.throughput import Throughput
from local.cosmos.unique_keys import UniqueKey, read_policy
from local.cosmos.users import User

PARTITION_RATE = 10_000  # RU/s, the most of one physical partition
UNLIMITED = math.inf


class Container:
    """Documents in physical partitions."""

    def __init__(
        self,
        name: str,
        rid: str,
        properties: dict[str, Any],
        *,
        throttled: bool = True,
        shared: Budget | None = None,
    ) -> None:
        """`shared` is the budget of the database, where the container has no throughput of its own."""
        self.name = name
        self.rid = rid
        self.rid_bytes = decode_rid(rid)
        self.self_link = f"dbs/{database_of(rid)}/colls/{rid}/"
        self.properties = properties
        self.throttled = throttled
        self.shared = shared
        self.throughput = Throughput()
        self.partitions: list[Partition] = []
        self._lows: list[str] = []
        self.map_version = 0
        self._next_range = 0
        self.counts: Counter[tuple[str, str, int]] = Counter()  # operations by range, kind and status
        self.sorted_rows: RowCache[SortedRows] = RowCache()
        self.changes: RowCache[list[Record]] = RowCache()
        self.history = History()
        self.refresh()

    def refresh(self) -> None:
        """Derives fields from the properties."""
        definition = self.properties["partitionKey"]
        self.key_paths: list[list[str]] = [list(split_path(path)) for path in definition["paths"]]
        self.key_version: int = definition.get("version", 1)
        self.effective: Callable[[bytes], str] = _effective(definition)
        self.count_terms = term_counter(self.properties.get("indexingPolicy"))
        self.unique_keys: list[UniqueKey] = read_policy(self.properties.get("uniqueKeyPolicy"))
        self.computed: Computed = read_computed(self.properties.get("computedProperties"))
        ttl = self.properties.get("defaultTtl")
        self.expiry = Expiry(ttl) if ttl is not None else None

    def lay_out(self, throughput: Throughput, count: int | None = None) -> None:
        """Creates the first partitions: `count`, or as many as the throughput needs."""
        count = count or partitions_for(throughput.value)
        inner = hashing.bounds(count, self.key_version)
        pairs = zip(["", *inner], [*inner, "FF"], strict=True)
        self.set_partitions([Partition(self._new_range_id(), low, high, 0) for low, high in pairs])
        self.set_throughput(throughput)

    def set_partitions(self, partitions: list[Partition]) -> None:
        """Replaces the partition map. New partitions get its next version."""
        self.map_version += 1
        for partition in partitions:
            partition.version = partition.version or self.map_version
            self._next_range = max(self._next_range, int(partition.id) + 1)
        self.partitions = sorted(partitions, key=lambda partition: partition.low)
        self._lows = [partition.low for partition in self.partitions]

    def set_throughput(self, throughput: Throughput) -> None:
        """Divides the RU/s evenly among the partitions. Those of a database are one budget for all its partitions."""
        self.throughput = throughput
        rate = throughput.value / len(self.partitions) if self.throttled else UNLIMITED
        for partition in self.partitions:
            if self.shared is not None:
                partition.budget = self.shared
            else:
                partition.budget.rate = rate

    def read_key(self, text: str) -> bytes:
        """The canonical partition key of a document, from the form that clients send; raises 400/1001 for a part."""
        key, levels = read_key(text)
        if levels != len(self.key_paths):
            raise bad_request(WRONG_KEY, 1001)
        return key

    def read_prefix(self, text: str) -> tuple[bytes, bool]:
        """The canonical bytes of a partition key or of its first levels, and whether it is the whole key."""
        key, levels = read_key(text)
        if not 0 < levels <= len(self.key_paths):
            raise bad_request(WRONG_KEY, 1001)
        return key, levels == len(self.key_paths)

    def partition_of(self, key: bytes) -> Partition:
        """The partition of a logical partition."""
        if len(self.partitions) == 1:
            return self.partitions[0]
        return self.partitions[bisect_right(self._lows, self.effective(key)) - 1]

    def partition_by_id(self, id_: str) -> Partition:
        """The partition with a range id; raises 410/1002 where it was split."""
        for partition in self.partitions:
            if partition.id == id_:
                return partition
        raise range_gone()

    def replica(self, partition: Partition, time: float, lsn: int) -> Replica:
        """The partition without its writes that are later than both a time and an LSN."""
        missing = [
            write
            for write in self.history.since(time, lsn)
            if partition.low <= self.effective(write.key) < partition.high
        ]
        return Replica(partition, missing)

    def split(self, parent: Partition) -> list[Partition]:
        """Splits a partition into two halves with new range ids."""
        inner = hashing.middle(parent.low, parent.high, self.key_version)
        parents = (*parent.parents, parent.id)
        children = [
            Partition(self._new_range_id(), low, high, 0, parents)
            for low, high in ((parent.low, inner), (inner, parent.high))
        ]
        for child, side in zip(children, self._halves(parent, inner), strict=True):
            child.adopt(side)
            child.lsn = parent.lsn
        self.set_partitions([p for p in self.partitions if p is not parent] + children)
        self.set_throughput(self.throughput)
        for child in children if self.shared is None else []:
            child.budget.second, child.budget.used = parent.budget.second, parent.budget.used / 2
        return children

    def _halves(self, parent: Partition, inner: str) -> tuple[list[Any], list[Any]]:
        left: list[Any] = []
        right: list[Any] = []
        for key, group in parent.groups.items():
            (left if self.effective(key) < inner else right).extend(group.items())
        return left, right

    def _new_range_id(self) -> str:
        id_ = self._next_range
        self._next_range += 1
        return str(id_)


@dataclass(slots=True)
class Database:
    name: str
    rid: str
    properties: dict[str, Any]
    containers: dict[str, Container] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    throughput: Throughput | None = None  # that containers without their own share
    budget: Budget = field(default_factory=lambda: Budget(UNLIMITED))

    def set_throughput(self, throughput: Throughput, *, throttled: bool) -> None:
        """Changes the RU/s that containers share."""
        self.throughput = throughput
        self.budget.rate = throughput.value if throttled else UNLIMITED
        for container in self.sharing():
            container.set_throughput(throughput)

    def sharing(self) -> list[Container]:
        """The containers without throughput of their own."""
        return [container for container in self.containers.values() if container.shared is not None]

    def container(self, name: str, substatus: int = 1003) -> Container:
        """A container by name; raises 404."""
        found = self.containers.get(name)
        if found is None:
            raise not_found(substatus)
        return found


class Account:
    """The databases, and the counters that all of them share."""

    def __init__(self) -> None:
        self.databases: dict[str, Database] = {}
        self.lsn = 0
        self.number = 0
        self._resources = 0

    def database(self, name: str, substatus: int = 1003) -> Database:
        """A database by name; raises 404."""
        found = self.databases.get(name)
        if found is None:
            raise not_found(substatus)
        return found

    def container(self, database: str, container: str, substatus: int = 1003) -> Container:
        """A container by names; raises 404."""
        return self.database(database).container(container, substatus)

    def containers(self) -> list[tuple[Database, Container]]:
        """Every container with its database."""
        return [(db, c) for db in self.databases.values() for c in db.containers.values()]

    def new_rid(self, parent: str = "") -> str:
        """The next resource id, below the parent's."""
        self._resources += 1
        return encode_rid(parent, self._resources)

    def seen_resource(self, count: int) -> None:
        """Makes `new_rid` count from `count` on, which loading needs."""
        self._resources = max(self._resources, count)

    @property
    def resources(self) -> int:
        """How many resource ids were given."""
        return self._resources

    def stamp(self, properties: dict[str, Any], now: float) -> None:
        """Gives a database or container a new time and ETag."""
        self.lsn += 1
        properties["_ts"] = int(now)
        properties["_etag"] = etag_of(self.lsn, int(now))


def _effective(definition: dict[str, Any]) -> Callable[[bytes], str]:
    """How the effective partition keys of a container are computed."""
    if definition.get("kind") == "MultiHash":
        return hashing.effective_multi
    return hashing.effective_v2 if definition.get("version", 1) == 2 else hashing.effective_v1


def partitions_for(throughput: int) -> int:
    """The number of physical partitions that a throughput needs."""
    return max(1, math.ceil(throughput / PARTITION_RATE))
