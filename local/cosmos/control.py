"""A client of the emulator's control API, for tests and tools."""

import json
import ssl
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from local.cosmos import EMULATOR_KEY

KEY_HEADER = "x-emulator-key"
TIMEOUT = 10


class ControlError(Exception):
    """The emulator refused a request; the text says why."""


class Control:
    """Orders faults, splits and pauses, and reads what the emulator has counted."""

    def __init__(self, url: str, key: str = EMULATOR_KEY) -> None:
        """`key` is the account key. Only an emulator that is bound to an address of the network asks for it."""
        self._headers = {KEY_HEADER: key}
        parts = urlsplit(url)
        self._tls = parts.scheme == "https"
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 8081

    def state(self) -> list[dict[str, Any]]:
        """Every container with its partitions, the request units served in each second, and the counts of
        operations."""
        found: list[dict[str, Any]] = self._ask("GET", "state")["containers"]
        return found

    def container(self, database: str, container: str) -> dict[str, Any]:
        """The entry of one container in `state`."""
        return next(c for c in self.state() if (c["database"], c["container"]) == (database, container))

    def requests(self, database: str, container: str) -> dict[tuple[str, int, int], int]:
        """How many requests for a container had each kind, status and substatus since the emulator started. Requests
        for a deleted container of the same name count too."""
        found: list[dict[str, Any]] = self._ask("GET", "requests")["requests"]
        return {
            (entry["kind"], entry["status"], entry["substatus"]): entry["count"]
            for entry in found
            if (entry["database"], entry["container"]) == (database, container)
        }

    def add_fault(self, **rule: Any) -> int:
        """Adds a rule and returns its id. docs/local.md lists the fields of a rule."""
        id_: int = self._ask("POST", "faults", rule)["id"]
        return id_

    def remove_faults(self, rule: int | None = None) -> None:
        """Removes one rule, or all."""
        self._ask("DELETE", "faults" if rule is None else f"faults/{rule}")

    def rules(self) -> list[dict[str, Any]]:
        """The rules, each with how often it matched and fired."""
        found: list[dict[str, Any]] = self._ask("GET", "faults")["rules"]
        return found

    def fired(self) -> list[dict[str, Any]]:
        """The faults that fired, in order."""
        found: list[dict[str, Any]] = self._ask("GET", "faults")["fired"]
        return found

    def split(self, database: str, container: str, range_id: str, after: int = 0) -> list[str]:
        """Splits a partition and returns the new range ids, or orders the split for after some more operations and
        returns none."""
        body = {"database": database, "container": container, "range": range_id, "after": after}
        children: list[str] = self._ask("POST", "split", body)["children"]
        return children

    def set_partitions(self, database: str, container: str, count: int) -> list[str]:
        """Gives an empty container this many physical partitions, and returns their range ids."""
        body = {"database": database, "container": container, "count": count}
        ids: list[str] = self._ask("POST", "partitions", body)["partitions"]
        return ids

    def set_throughput(self, database: str, container: str, throughput: int) -> None:
        """Changes the RU/s of a container."""
        self._ask("POST", "throughput", {"database": database, "container": container, "throughput": throughput})

    def pause(self) -> None:
        """Holds all requests until `resume`."""
        self._ask("POST", "pause")

    def resume(self) -> None:
        """Serves held and new requests again."""
        self._ask("POST", "resume")

    def _connect(self) -> HTTPConnection:
        if not self._tls:
            return HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        unchecked = ssl._create_unverified_context()  # the certificate signs itself
        return HTTPSConnection(self._host, self._port, timeout=TIMEOUT, context=unchecked)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = self._connect()
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/_control/{path}", data, self._headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlError(answer["message"])
        return answer
