"""Paths that address resources by their resource ids, as `_self` does, in place of their names."""

import orjson

from local.cosmos.rids import document_number, is_database_rid
from local.cosmos.state import Account, Container


def by_rid(parts: list[str]) -> bool:
    """Whether a path has the form of one with resource ids: `dbs/RID/…`."""
    return len(parts) > 1 and parts[0] == "dbs" and is_database_rid(parts[1])


def named(account: Account, parts: list[str]) -> list[str]:
    """The path with names in place of resource ids. An id that no resource has stays as it is."""
    if not by_rid(parts) or parts[1] in account.databases:
        return parts
    found = list(parts)
    database = next((db for db in account.databases.values() if db.rid == parts[1]), None)
    if database is None:
        return parts
    found[1] = database.name
    container = next((c for c in database.containers.values() if len(parts) > 3 and c.rid == parts[3]), None)
    if container is not None:
        found[3] = container.name
        if len(parts) > 5 and parts[4] == "docs":
            found[5] = _document_id(container, parts[5])
    return found


def _document_id(container: Container, rid: str) -> str:
    number = document_number(rid, container.rid_bytes)
    for partition in container.partitions:
        record = partition.numbered(number) if number is not None else None
        if record is not None:
            id_: str = orjson.loads(record.body)["id"]
            return id_
    return rid
