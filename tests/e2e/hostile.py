"""Generates requests of careless and hostile callers from a seed."""

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tests.e2e.stack import first_rows
from tests.unit.local.cosmos.test_wire_fuzz import BULK, DOCUMENT, QUERY, damaged
from tests.unit.local.cosmos.test_wire_fuzz import request as signed

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PURGE")
WEBHOOK = "/runtime/webhooks/durabletask"
PATHS = (
    *("/", "/api/health", "/api/openapi.json", "/api/reports", "/api/runs", "/api/take-over", "/admin/host/status"),
    "/admin/functions",
    *("/api/reports/flight_delays", "/api/reports/airport_departures", "/api/reports/none", "/api/reports/{junk}"),
    *("/api/reports/flight_delays/current", "/api/reports/airport_departures/current", "/api/runs/{run}"),
    *(
        "/api/runs/{run}/rejects",
        "/api/runs/{run}/cancel",
        "/api/runs/{run}/waive",
        "/api/runs/{run}/redrive",
        "/api/runs/{run}/plan",
        "/api/runs/{run}/approve",
        "/api/runs/{junk}/{junk}",
    ),
    *(f"{WEBHOOK}/instances", f"{WEBHOOK}/instances/{{run}}", f"{WEBHOOK}/instances/{{junk}}/{{junk}}"),
    *(f"{WEBHOOK}/instances/{{run}}/raiseEvent/{{junk}}", f"{WEBHOOK}/instances/{{run}}/terminate"),
    *(f"{WEBHOOK}/orchestrators/{{junk}}/{{junk}}", f"{WEBHOOK}/entities/{{junk}}", "/admin/functions/{junk}"),
    *("/admin/functions/sweep_runs", "/admin/{junk}", "/runtime/{junk}", "/{junk}", "//api/health", "/api/../admin"),
)
JUNK = (
    *("", ".", "..", "%2e%2e", "%2e%2e%2f", "%00", "%ff", "%ed%a0%80", "%", "%zz", "a%0d%0ab", "{text}", "a:b", "@x"),
    *("null", "true", "-1", "0", "1e309", "-0.0", "inf", "nan", "9" * 400, "1_000", "0x10", "٣", "ünï", "日本", "a b"),
    *("'; DROP TABLE c--", "<script>", "=cmd|'/c calc'!A1", "../" * 50, "a" * 3000, "\u202e", "f" * 32),
)
OPTIONS = (
    *("filename", "tolerated_rejects", "tolerated_reject_percent", "max_parallel", "ru_share", "min_delay", "unknown"),
    *("state", "report", "top", "continuation", "chunk", "runtimeStatus", "createdTimeFrom", "createdTimeTo"),
    *("instanceIdPrefix", "showHistory", "timeout", "taskHub", "reason", "Code", "clientId"),
)
HEADERS = (
    *("Idempotency-Key", "Content-Type", "Accept", "X-Forwarded-Host", "X-Forwarded-Proto", "Origin", "Range"),
    *("Content-Encoding", "x-ms-continuation-token", "Expect", "If-Match", "Host", "Cookie", "X-Odd"),
)
TYPES = ("text/csv", "application/json", "application/x-ndjson", "application/gzip", "multipart/form-data", "?", "")
DATABASE = ("/", "/dbs", "/dbs/outlast", "/dbs/outlast/colls", "/dbs/outlast/colls/runs/docs", "/offers", "/dbs/{junk}")


@dataclass(frozen=True)
class Sent:
    """The bytes of one connection. `whole` means that every request in them is complete and must be answered."""

    data: bytes
    whole: bool


class Caller:
    """A caller of the host and the app, with some keys."""

    def __init__(self, chance: random.Random, keys: Sequence[str]) -> None:
        self._chance = chance
        self._keys = keys
        self._inputs = (first_rows(3), gzip.compress(first_rows(3)), b"", b"a,b\n1\n", b'{"a": 1}\n', b"\x00\xff" * 50)

    def sent(self) -> Sent:
        """Return a request, several requests, half a request, or a damaged one."""
        kind = self._chance.random()
        if kind < 0.7:
            return Sent(self.request(last=True), whole=True)
        if kind < 0.8:
            count = self._chance.randrange(2, 12)
            return Sent(b"".join(self.request(last=n == count - 1) for n in range(count)), whole=True)
        whole = self.request(last=True)
        if kind < 0.9:
            return Sent(whole[: self._chance.randrange(len(whole))], whole=False)
        return Sent(damaged(self._chance, whole), whole=False)

    def request(self, *, last: bool) -> bytes:
        """Return one complete request. The last one asks to close the connection."""
        body = self._body() if self._chance.random() < 0.5 else b""
        lines = [f"{self._method()} {self._target()} HTTP/1.1", *self._headers(), f"Content-Length: {len(body)}"]
        if last:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body

    def _method(self) -> str:
        return self._chance.choice(("GET", "POST", *METHODS))

    def _target(self) -> str:
        path = self._chance.choice(PATHS)
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + self._junk() + rest.partition("}")[2]
        names = self._chance.sample(OPTIONS, self._chance.choice((0, 0, 1, 2)))
        pairs = [f"{name}={self._junk()}" for name in names]
        if self._chance.random() < 0.6:
            pairs.append(f"code={self._chance.choice(self._keys)}")
        return path + ("?" + "&".join(pairs) if pairs else "")

    def _junk(self) -> str:
        """Return odd text for a URL that leaves the request line one line of three words."""
        return quote(self._chance.choice(JUNK), safe="%{}:@/'<>=|!()-._~")

    def _headers(self) -> list[str]:
        names = self._chance.sample(HEADERS, self._chance.choice((0, 0, 1, 2)))
        found = {name: self._value(name) for name in names}
        found.setdefault("Host", "127.0.0.1")
        if self._chance.random() < 0.2:
            found["x-functions-key"] = self._chance.choice((*self._keys, "wrong", "\udcff"))
        return [f"{name}: {value}" for name, value in found.items()]

    def _value(self, name: str) -> str:
        if name == "Content-Type":
            return self._chance.choice(TYPES)
        if name == "Expect":
            return "100-continue"
        return self._chance.choice((*JUNK, "\udcff\udcfe", "a\tb", "x" * 7000)).replace("\n", " ")

    def _body(self) -> bytes:
        if self._chance.random() < 0.5:
            return self._chance.choice(self._inputs)
        junk: list[object] = [*JUNK, None, True, -1, 1e308, [], {}, [[[]]], {"__class__": "x", "__data__": 1}]
        names = ("input", "options", "parameters", "reason", "run", "attempt", *OPTIONS)
        made = {name: self._chance.choice(junk) for name in self._chance.sample(names, 3)}
        depth = self._chance.choice((100, 5000))
        return self._chance.choice(
            (json.dumps(made).encode(), b"[" * depth + b"]" * depth, b'{"input": ', b'"\\ud800"')
        )


def database_request(chance: random.Random) -> Sent:
    """Return a request to the database: signed and whole, damaged, or half sent."""
    path = chance.choice(DATABASE).replace("{junk}", quote(chance.choice(JUNK), safe="%"))
    key = 'x-ms-documentdb-partitionkey: ["a"]\r\nconnection: close\r\n'
    body = chance.choice((b"", DOCUMENT, QUERY, BULK, b"[" * 3000, b"\xff"))
    whole = signed(chance.choice(("GET", "POST", "PUT", "PATCH", "HEAD")), path, key, body)
    kind = chance.random()
    if kind < 0.7:
        return Sent(whole, whole=True)
    return Sent(whole[: chance.randrange(len(whole))] if kind < 0.85 else damaged(chance, whole), whole=False)


Source = Callable[[], Sent]
