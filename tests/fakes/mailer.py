"""A mail service that keeps what it accepts."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from outlast.errors import Permanent, Transient
from outlast.mail import Letter, MailThrottled


@dataclass(slots=True)
class FakeMailer:
    """`answers` are the statuses of the next letters, one each; behind them all are accepted."""

    answers: deque[int] = field(default_factory=deque)
    letters: list[Letter] = field(default_factory=list)
    asked: int = 0
    throttle_for: float = 0.0

    def answer_with(self, answers: Iterable[int]) -> None:
        self.answers = deque(answers)

    async def send(self, letter: Letter) -> None:
        self.asked += 1
        if self.throttle_for:
            raise MailThrottled(self.throttle_for)
        status = self.answers.popleft() if self.answers else 202
        if status == 202:
            self.letters.append(letter)
        elif status == 429 or status >= 500:
            raise Transient(f"the mail service answered {status}")
        else:
            raise Permanent(f"the mail service refused the mail with {status}")
