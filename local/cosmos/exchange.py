"""One request on its way through the emulator."""

from dataclasses import dataclass
from urllib.parse import quote

from local.cosmos.emulator import Emulator
from local.cosmos.errors import CosmosError, bad_request, not_found
from local.cosmos.executor import Executor
from local.cosmos.faults import Effect
from local.cosmos.messages import Request, Response
from local.cosmos.parsing import read_key
from local.cosmos.partitions import Partition
from local.cosmos.rids import etag_of
from local.cosmos.state import Container, Database
from local.cosmos.transaction import Transaction

KEY_HEADER = "x-ms-documentdb-partitionkey"
RANGE_HEADER = "x-ms-documentdb-partitionkeyrangeid"
CONSISTENCY = frozenset({"session", "consistentprefix", "eventual"})


@dataclass(slots=True)
class Exchange:
    """A request, the parts of its path, and the emulator it is for."""

    emulator: Emulator
    request: Request
    parts: list[str]
    now: float
    started: Executor | None = None
    effect: Effect | None = None  # of a fault rule on the request as a whole

    def header(self, name: str) -> str | None:
        """A header by its lower case name."""
        return self.request.headers.get(name)

    def flag(self, name: str) -> bool:
        """A header that says true or false."""
        return self.request.headers.get(name, "").lower() == "true"

    @property
    def document_id(self) -> str:
        """The last part of dbs/D/colls/C/docs/ID."""
        return self.parts[5]

    def database(self) -> Database:
        """The database of the path, or 404."""
        return self.emulator.account.database(self.parts[1])

    def container(self, substatus: int = 1003) -> Container:
        """The container of the path, or 404; 400/1024 when the client means one that was there before."""
        container = self.emulator.account.container(self.parts[1], self.parts[3], substatus)
        intended = self.header("x-ms-cosmos-intended-collection-rid")
        if intended is not None and intended != container.rid:
            raise CosmosError(400, "The container was created anew since the client read its properties.", 1024)
        return container

    def range_id(self) -> str | None:
        """The range that the request as a whole is for, by its id or by a partition key; None when it is for all."""
        key = self.header(KEY_HEADER)
        if key is None or RANGE_HEADER in self.request.headers:
            return self.header(RANGE_HEADER)
        try:
            return self.container().partition_of(read_key(key)).id
        except CosmosError:
            return None  # its handler says what is wrong with it

    def executor(self) -> Executor:
        """The work on the container of the path."""
        emulator = self.emulator
        tx = Transaction(emulator.account, self.container(), int(self.now))
        self.started = Executor(tx, self.database(), emulator.faults, self.now)
        return self.started

    def check_consistency(self) -> None:
        """400 for a read that asks for more than the account gives, which is session consistency."""
        level = self.header("x-ms-consistency-level")
        if level and level.lower() not in CONSISTENCY:
            raise bad_request(
                f"ConsistencyLevel {level[:50]} specified in the request is invalid when service is configured with "
                "consistency level Session. Ensure the request consistency level is not stronger than the service "
                "consistency level."
            )

    def check_session(self, partition: Partition) -> None:
        """404/1002 for a session token that is ahead of the partition."""
        token = self.header("x-ms-session-token")
        if not token:
            return
        for entry in token.split(","):
            range_id, _, version = entry.partition(":")
            if range_id == partition.id and _lsn_of(version) > partition.lsn:
                raise not_found(1002)

    def answer(self, executor: Executor, partition: Partition | None, response: Response) -> Response:
        """Add what every answer about documents carries."""
        headers = response.headers
        path = f"dbs/{quote(self.parts[1])}/colls/{quote(self.parts[3])}"
        headers["x-ms-alt-content-path"] = path
        headers["x-ms-content-path"] = executor.container.rid
        if partition is not None:
            headers["x-ms-session-token"] = session_token(partition)
            headers[RANGE_HEADER] = partition.id
        return response

    def whole_effect(self) -> Effect | None:
        """What the faults of the request and of its operations want done with the answer."""
        inner = self.started.effect if self.started is not None else None
        return inner if self.effect is None else self.effect.joined(inner)

    @staticmethod
    def etag(lsn: int, ts: int) -> str:
        """The ETag of a version."""
        return etag_of(lsn, ts)


def session_token(partition: Partition) -> str:
    """How far the writes of a partition have come."""
    return f"{partition.id}:-1#{partition.lsn}"


def _lsn_of(version: str) -> int:
    segments = version.split("#")
    try:
        return int(segments[1] if len(segments) > 1 else segments[0])
    except ValueError:
        raise CosmosError(400, f"The session token '{version}' is malformed.") from None
