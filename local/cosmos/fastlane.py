"""The one operation of which there are millions, in one straight piece: a bulk create or upsert of a flat document
without conditions, under a partition key that is a plain string. Three times as fast as the way through `serving` and
`operations`, which stays the rule: whatever is not recognised here goes there, and a test holds the two to the same
answers."""

from typing import Any

import orjson

from local.cosmos import charges
from local.cosmos.bodies import ID_FORBIDDEN, SYSTEM_PROPERTIES, render
from local.cosmos.errors import format_charge
from local.cosmos.operations import Transaction
from local.cosmos.partitions import Partition

KINDS = {"Upsert": "upsert", "Create": "create"}
LONGEST_TEXT = 255  # characters of id and key: far below the limits in bytes, which are left to the rule
LARGEST_BODY = 64 * 1024
RESULT = b'{"statusCode":%d,"requestCharge":%b,"eTag":"\\"%08x-%04x-0700-0000-%08x0000\\""'


class FastLane:
    """What the writes of one request have in common, looked up once."""

    def __init__(self, tx: Transaction, partition: Partition, minimal: bool) -> None:
        container = tx.container
        self._tx = tx
        self._partition = partition
        self._minimal = minimal
        self._budget = partition.budget
        self._effective = container.effective
        self._key_name = container.key_path[0]
        self.open = len(container.key_path) == 1 and container.count_terms is charges.leaves
        self.charge = 0.0
        self.counts = {("upsert", 201): 0, ("upsert", 200): 0, ("create", 201): 0}

    def write(self, raw: dict[str, Any]) -> bytes | None:
        """Do one operation and give its result; None, with nothing done, when it is not of this kind."""
        kind, document = KINDS.get(raw.get("operationType", "")), raw.get("resourceBody")
        if kind is None or type(document) is not dict or "ifMatch" in raw or "ifNoneMatch" in raw:
            return None
        id_, value = document.get("id"), document.get(self._key_name)
        if type(id_) is not str or type(value) is not str or raw.get("partitionKey") != f'["{value}"]':
            return None
        if not 0 < len(id_) <= LONGEST_TEXT or len(value) > LONGEST_TEXT or not ID_FORBIDDEN.isdisjoint(id_):
            return None
        if not charges.CONTAINERS.isdisjoint(map(type, document.values())):
            return None
        if not SYSTEM_PROPERTIES.isdisjoint(document) or self._budget.used >= self._budget.rate:
            return None
        return self._keep(kind, id_, b"\x08%b\xff" % value.encode(), document, raw)

    def _keep(self, kind: str, id_: str, key: bytes, document: dict[str, Any], raw: dict[str, Any]) -> bytes | None:
        partition, tx = self._partition, self._tx
        group = partition.groups.get(key)
        if group is None and not partition.low <= self._effective(key) < partition.high:
            return None
        before = group.get(id_) if group is not None else None
        # copied, because the encoder's own bytes hold on to a buffer of several times their length
        body = bytes(memoryview(orjson.dumps(document)))
        if len(body) > LARGEST_BODY or (before is not None and kind == "create"):
            return None
        charge = charges.create(len(body), len(document))
        status = 201
        if before is not None:
            charge, status = charge * charges.REPLACE_FACTOR, 200
        record = tx.put(partition, id_, key, body, before)
        self._budget.used += charge
        self.charge += charge
        self.counts[kind, status] += 1
        lsn = record.lsn
        head = RESULT % (status, format_charge(charge).encode(), lsn & 0xFFFFFFFF, lsn >> 32 & 0xFFFF, record.ts)
        if self._minimal or raw.get("minimalReturnPreference"):
            return head + b"}"
        return head + b',"resourceBody":' + render(tx.container, record) + b"}"

    def close(self) -> None:
        """Book what was done, all at once."""
        budget, counts = self._budget, self._tx.container.counts
        if self.charge:
            budget.used -= self.charge
            budget.spend(self.charge)
        for (kind, status), count in self.counts.items():
            if count:
                counts[self._partition.id, kind, status] += count
