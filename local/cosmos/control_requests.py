"""The control API for tests. It needs the account key where other machines can reach it."""

from collections.abc import Callable
from typing import Any

import orjson

from local.cosmos.control import KEY_HEADER
from local.cosmos.emulator import Emulator
from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.messages import Request, Response
from local.cosmos.parsing import parse, whole
from local.cosmos.partitions import Partition
from local.cosmos.state import Container
from local.cosmos.throughput import read_fixed

CONTROL = "_control"
PARTITIONS_MAX = 1000
Body = dict[str, Any]


def control(emulator: Emulator, request: Request, parts: list[str], allowed: bool | None = None) -> Response:
    """The response to a request below /_control/. `allowed` says whether it has the key, None that it needs none."""
    try:
        if allowed is None:
            _check_origin(request)
        elif not allowed:
            message = f"The control API needs the account key in the header {KEY_HEADER}, because of --bind."
            raise CosmosError(401, message)
        action = _ACTIONS.get((request.method, parts[0] if parts else ""))
        if action is None:
            known = ", ".join(f"{method} {name}" for method, name in _ACTIONS)
            raise CosmosError(404, f"The control API has no {request.method} {'/'.join(parts)}; it has {known}.")
        body = parse(request.body) if request.body else {}
        if not isinstance(body, dict):
            raise bad_request("The body has to be a JSON object.")
        answer = action(emulator, body, parts[1:])
    except CosmosError as error:
        return error.response()
    return Response(200, {"content-type": "application/json"}, orjson.dumps(answer))


def _check_origin(request: Request) -> None:
    """Refuses pages in a browser, from another site or under a name that was rebound to this machine."""
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    if "origin" in request.headers or not (host in {"", "localhost"} or host.strip("[]").replace(".", "").isdecimal()):
        raise CosmosError(403, "The control API answers programs on this machine only, by its address or as localhost.")


def _ping(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    return {"paused": emulator.paused}


def _state(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    return {"containers": [_describe(db.name, c) for db, c in emulator.account.containers()]}


def _describe(database: str, container: Container) -> Body:
    counts: list[Body] = [
        {"range": range_id, "kind": kind, "status": status, "count": count}
        for (range_id, kind, status), count in sorted(container.counts.items())
    ]
    return {
        "database": database,
        "container": container.name,
        "throughput": container.throughput.value,
        "partitions": [
            _describe_partition(partition, throttled=container.throttled) for partition in container.partitions
        ],
        "counts": counts,
    }


def _describe_partition(partition: Partition, *, throttled: bool) -> Body:
    return {
        "id": partition.id,
        "min": partition.low,
        "max": partition.high,
        "parents": list(partition.parents),
        "documents": len(partition),
        "bytes": partition.size,
        "lsn": partition.lsn,
        "rate": partition.budget.rate if throttled else None,
        "served": [list(entry) for entry in partition.budget.history],
    }


def _requests(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    names = ("database", "container", "kind", "status", "substatus", "count")
    counts = [dict(zip(names, (*key, count), strict=True)) for key, count in sorted(emulator.requests.items())]
    return {"requests": counts}


def _list_faults(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    return {"rules": [rule.as_json() for rule in emulator.faults.rules], "fired": list(emulator.faults.fired)}


def _add_fault(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    return emulator.faults.add(body).as_json()


def _remove_faults(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    rule = whole(rest[0]) if rest else None
    if rest and rule is None:
        raise bad_request(f"'{rest[0]}' is not the id of a rule: it has to be a number.")
    emulator.faults.remove(rule)
    return {}


def _split(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    container = _container(emulator, body)
    range_id = str(body.get("range", container.partitions[0].id))
    container.partition_by_id(range_id)
    after = body.get("after", 0)
    if not isinstance(after, int) or after < 0:
        raise bad_request("'after' is the number of operations until the split.")
    if after:
        emulator.split_after(container, range_id, after)
        return {"children": []}
    return {"children": [child.id for child in emulator.split(container, range_id)]}


def _partitions(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    container, count = _container(emulator, body), body.get("count")
    if not isinstance(count, int) or not 1 <= count <= PARTITIONS_MAX:
        raise bad_request(f"'count' is the number of partitions, from 1 to {PARTITIONS_MAX}.")
    if any(len(partition) for partition in container.partitions):
        raise bad_request(
            "Only an empty container can get another number of partitions: set it before the first write."
        )
    container.lay_out(container.throughput, count)
    emulator.journal.resources_changed()
    return {"partitions": [partition.id for partition in container.partitions]}


def _throughput(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    container = _container(emulator, body)
    if container.shared is not None:
        raise bad_request(f"The container '{container.name}' has no throughput of its own: its database shares one.")
    emulator.set_throughput(container, read_fixed(str(body.get("throughput"))))
    return {"throughput": container.throughput.value, "partitions": len(container.partitions)}


def _pause(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    emulator.paused = True
    return {"paused": True}


def _resume(emulator: Emulator, body: Body, rest: list[str]) -> Body:
    emulator.paused = False
    return {"paused": False}


def _container(emulator: Emulator, body: Body) -> Container:
    return emulator.account.container(str(body.get("database")), str(body.get("container")))


_ACTIONS: dict[tuple[str, str], Callable[[Emulator, Body, list[str]], Body]] = {
    ("GET", ""): _ping,
    ("GET", "state"): _state,
    ("GET", "requests"): _requests,
    ("GET", "faults"): _list_faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _remove_faults,
    ("POST", "split"): _split,
    ("POST", "partitions"): _partitions,
    ("POST", "throughput"): _throughput,
    ("POST", "pause"): _pause,
    ("POST", "resume"): _resume,
}
