"""A mail service that keeps what it accepts."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from outlast.errors import Permanent, Throttled, Transient
from outlast.mail import Email


@dataclass(slots=True)
class FakeMailer:
    """`answers` are the statuses of the next emails, one each. After them all emails are accepted."""

    answers: deque[int] = field(default_factory=deque)
    emails: list[Email] = field(default_factory=list)
    asked: int = 0
    throttle_for: float = 0.0

    def answer_with(self, answers: Iterable[int]) -> None:
        self.answers = deque(answers)

    missing: str | None = None

    async def send(self, email: Email) -> None:
        self.asked += 1
        if self.throttle_for:
            raise Throttled("the mail service is throttled", self.throttle_for)
        status = self.answers.popleft() if self.answers else 202
        if status == 202:
            self.emails.append(email)
        elif status == 429 or status >= 500:
            raise Transient(f"the mail service answered {status}")
        else:
            raise Permanent(f"the mail service refused the mail with {status}")
