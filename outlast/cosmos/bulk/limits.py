"""What slows and what ends one call of the writer."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

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

    def halved(self) -> "Limits":
        """These limits with half of the time that is left."""
        return replace(self, deadline=self.deadline.within(self.deadline.remaining() / 2))

    def wait(self) -> float:
        """Seconds until the bucket is not overdrawn."""
        return self.bucket.wait() if self.bucket else 0.0

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Let requests be sent at once although the bucket is overdrawn. What it lacks is spent afterwards."""
        if self.bucket is None:
            yield
            return
        lacking = max(0.0, -self.bucket.balance)
        self.bucket.spend(-lacking)
        try:
            yield
        finally:
            self.bucket.spend(lacking)


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
