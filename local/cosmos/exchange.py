"""One request while it is handled, with what handlers need to answer it."""

from dataclasses import dataclass
from urllib.parse import quote

from local.cosmos.emulator import Emulator
from local.cosmos.errors import CosmosError, bad_request, not_found
from local.cosmos.executor import Executor
from local.cosmos.faults import Effect
from local.cosmos.messages import Request, Response
from local.cosmos.partitions import Partition
from local.cosmos.replicas import View
from local.cosmos.state import Container, Database
from local.cosmos.transaction import Transaction

KEY_HEADER = "x-ms-documentdb-partitionkey"
RANGE_HEADER = "x-ms-documentdb-partitionkeyrangeid"
CONSISTENCY = frozenset({"session", "consistentprefix", "eventual"})


@dataclass(slots=True)
class Exchange:
    """A request, the parts of its path, and the emulator that it changes."""

    emulator: Emulator
    request: Request
    parts: list[str]
    now: float
    started: Executor | None = None  # set by `executor()`
    effect: Effect | None = None  # of a fault rule for the whole request
    kind: str | None = None  # of the request, as it is counted; None where the request is refused before its route

    def header(self, name: str) -> str | None:
        """A header by its lower case name."""
        return self.request.headers.get(name)

    def flag(self, name: str) -> bool:
        """Whether a header says true."""
        return self.request.headers.get(name, "").lower() == "true"

    @property
    def address(self) -> str:
        """The scheme, host and port that the client came to."""
        return f"{self.emulator.scheme}://{self.header('host') or '127.0.0.1'}"

    @property
    def document_id(self) -> str:
        """The last part of dbs/D/colls/C/docs/ID."""
        return self.parts[5]

    def database(self) -> Database:
        """The database of the path; raises 404."""
        return self.emulator.account.database(self.parts[1])

    def container(self, substatus: int = 1003) -> Container:
        """The container of the path; raises 404, or 400/1024 where the client means a deleted one of the same name."""
        container = self.emulator.account.container(self.parts[1], self.parts[3], substatus)
        intended = self.header("x-ms-cosmos-intended-collection-rid")
        if intended is not None and intended != container.rid:
            raise CosmosError(
                400, "The container was deleted and created again since the client read its properties.", 1024
            )
        return container

    def range_id(self) -> str | None:
        """The range that the request names by id or by partition key; None where it is for all ranges."""
        key = self.header(KEY_HEADER)
        if key is None or RANGE_HEADER in self.request.headers:
            return self.header(RANGE_HEADER)
        try:
            container = self.container()
            return container.partition_of(container.read_key(key)).id
        except CosmosError:
            return None  # the handler raises it again

    def executor(self) -> Executor:
        """Starts the operations on the container of the path."""
        emulator, container = self.emulator, self.container()
        emulator.expire(container, self.now)
        tx = Transaction(emulator.account, container, int(self.now))
        self.started = Executor(tx, self.database(), emulator.faults, self.now)
        return self.started

    def check_consistency(self) -> None:
        """Raises 400 for a read that asks for more than session consistency, which the account has."""
        level = self.header("x-ms-consistency-level")
        if level and level.lower() not in CONSISTENCY:
            raise bad_request(
                f"ConsistencyLevel {level[:50]} specified in the request is invalid when service is configured with "
                "consistency level Session. Ensure the request consistency level is not stronger than the service "
                "consistency level."
            )

    def check_session(self, partition: Partition) -> int:
        """The last write of the partition that the session token names, 0 without; raises 404/1002 where the
        partition is behind it."""
        named = 0
        for entry in (self.header("x-ms-session-token") or "").split(","):
            range_id, _, version = entry.partition(":")
            if range_id == partition.id or range_id in partition.parents:
                named = max(named, _lsn_of(version))
        if named > partition.lsn:
            raise not_found(1002)
        return named

    def view(self, partition: Partition) -> View:
        """What a query sees: the partition, or a replica where a fault rule lets it lag."""
        named = self.check_session(partition)
        if self.effect is None or not self.effect.lag:
            return partition
        return self.container().replica(partition, self.now - self.effect.lag, named)

    def answer(self, executor: Executor, partition: View | None, response: Response) -> Response:
        """Adds the headers of every response about documents."""
        headers = response.headers
        path = f"dbs/{quote(self.parts[1])}/colls/{quote(self.parts[3])}"
        headers["x-ms-alt-content-path"] = path
        headers["x-ms-content-path"] = executor.container.rid
        if partition is not None:
            headers["x-ms-session-token"] = session_token(partition)
            headers[RANGE_HEADER] = partition.id
            headers["lsn"] = str(partition.lsn)
        return response

    def whole_effect(self) -> Effect | None:
        """The effect of the fault rules for the request and for its operations on the response."""
        inner = self.started.effect if self.started is not None else None
        return inner if self.effect is None else self.effect.joined(inner)


def session_token(partition: View) -> str:
    """The session token for the writes of a partition so far."""
    return f"{partition.id}:-1#{partition.lsn}"


def _lsn_of(version: str) -> int:
    segments = version.split("#")
    try:
        return int(segments[1] if len(segments) > 1 else segments[0])
    except ValueError:
        raise CosmosError(400, f"The session token '{version}' is malformed.") from None
