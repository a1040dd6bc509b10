"""A receiver of events that keeps what it accepts."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import orjson

from outlast.errors import Throttled, Transient


@dataclass(slots=True)
class FakeWebhook:
    """`answers` are the statuses of the next events, one each. After them all events are accepted."""

    configured: bool = False
    answers: deque[int] = field(default_factory=deque)
    events: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    throttle_for: float = 0.0

    async def post(self, key: str, body: bytes) -> bool:
        self.asked += 1
        if self.throttle_for:
            raise Throttled("the webhook is throttled", self.throttle_for)
        status = self.answers.popleft() if self.answers else 200
        if status == 410:
            return False
        if status != 200:
            raise Transient(f"the webhook answered {status}")
        event = orjson.loads(body)
        assert event["id"] == key
        self.events.append(event)
        return True
