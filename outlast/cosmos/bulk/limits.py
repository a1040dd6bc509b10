"""What slows and what ends one call of the writer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Limits:
    """What a caller sets for one call of the writer."""

    deadline: Deadline
    check: Callable[[], Awaitable[None]]
    """Awaited before each request. It stops the write by raising."""
    bucket: TokenBucket | None = None
    """The request units that the call may spend; None means no limit but the database's."""


@dataclass(slots=True)
class Stop:
    """Ends one call of the writer at its deadline or after its first error."""

    deadline: Deadline
    error: BaseException | None = None

    def reached(self) -> bool:
        return self.error is not None or self.deadline.passed()

    def fail(self, error: BaseException) -> None:
        """Stop with this error, unless another came first."""
        self.error = self.error or error
