"""An emulator in this process, with a clock that tests move."""

import time
from typing import Any

import orjson

from local.cosmos import EMULATOR_KEY
from local.cosmos.auth import Authorizer
from local.cosmos.emulator import Emulator
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Request, Response
from local.cosmos.server import CosmosServer
from tests.contract.cosmos_emulator.clients import Raw

DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
START = 1767225600.0
PATH = "/dbs/d/colls/c/docs"


def new_server(**options: Any) -> CosmosServer:
    """Return a server with an emulator of its own, on a free port and with the system's clock."""
    return CosmosServer(Gateway(Emulator(**options), Authorizer(EMULATOR_KEY, time.time)))


class Emulated:
    """An emulator with the container `c`, partition key /pk, in the database `d`."""

    def __init__(self, partitions: int = 1, throughput: int = 400, **options: Any) -> None:
        self.now = START
        self.emulator = Emulator(clock=lambda: self.now, **options)
        self._gateway = Gateway(self.emulator, Authorizer(EMULATOR_KEY, lambda: START))
        self._signer = Raw("http://127.0.0.1", EMULATOR_KEY)
        if "d" not in self.emulator.account.databases:
            self.ask("POST", "/dbs", {"id": "d"})
            definition = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
            headers = {"x-ms-offer-throughput": str(throughput), "x-ms-emulator-partitions": str(partitions)}
            assert self.ask("POST", "/dbs/d/colls", definition, headers).status == 201

    @property
    def container(self) -> Any:
        return self.emulator.account.container("d", "c")

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        """Send any request, signed."""
        signed = {"x-ms-date": DATE, "authorization": self._signer.sign(method, path, DATE)}
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return self.answer(Request(method, path, {**signed, **(headers or {})}, data))

    def answer(self, request: Request) -> Response:
        """Sends a request as it is."""
        return self._gateway.answer(request)

    def item(self, method: str, key: Any, id_: str = "", body: Any = None, **headers: str) -> Response:
        """Send a request for one document."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["x-ms-documentdb-partitionkey"] = orjson.dumps([key]).decode()
        return self.ask(method, f"{PATH}/{id_}" if id_ else PATH, body, named)

    def bulk(self, operations: list[dict[str, Any]], range_id: str = "0", **headers: str) -> Response:
        kind = {"x-ms-cosmos-is-batch-request": "true", "x-ms-cosmos-batch-continue-on-error": "true"}
        return self.ask("POST", PATH, operations, {**kind, "x-ms-documentdb-partitionkeyrangeid": range_id, **headers})

    def batch(self, key: Any, operations: list[dict[str, Any]]) -> Response:
        """Send a transactional batch."""
        kind = {"x-ms-cosmos-is-batch-request": "true", "x-ms-cosmos-batch-atomic": "true"}
        named = {**kind, "x-ms-documentdb-partitionkey": orjson.dumps([key]).decode()}
        return self.ask("POST", PATH, operations, named)

    def query(self, text: str, key: Any = "a", parameters: Any = (), **headers: str) -> Response:
        """Ask for a page of a query in one partition key, or in all if the key is None."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["x-ms-documentdb-isquery"] = "true"
        if key is None:
            named["x-ms-documentdb-query-enablecrosspartition"] = "true"
        else:
            named["x-ms-documentdb-partitionkey"] = orjson.dumps([key]).decode()
        return self.ask("POST", PATH, {"query": text, "parameters": list(parameters)}, named)

    def documents(self) -> dict[tuple[Any, str], Any]:
        """Return all documents by partition key and id, without system properties."""
        found: dict[tuple[Any, str], Any] = {}
        for partition in self.container.partitions:
            for record in partition.scan():
                document = orjson.loads(record.body)
                found[document.get("pk"), document["id"]] = document
        return found
