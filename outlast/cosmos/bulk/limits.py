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
    """Ends one call of the writer at its deadline, after its first error, or when it can only wait."""

    deadline: Deadline
    error: BaseException | None = None
    wait: float = 0.0
    """Seconds after which the next call can send something, when this one ends because it could only wait."""

    def reached(self) -> bool:
        return self.error is not None or self.wait > 0 or self.deadline.passed()

    def fail(self, error: BaseException) -> None:
        """Stop with this error, unless another came first."""
        self.error = self.error or error

    def pause(self, seconds: float) -> None:
        """Stop because nothing can be sent for so long."""
        self.wait = seconds
