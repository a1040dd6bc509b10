"""Fault rules: which operations fail, how, and how often. The same seed gives the same faults."""

import random
from collections import deque
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from local.cosmos.errors import CosmosError, bad_request

LISTED = 10_000  # fired faults that are kept
KINDS = (
    "create", "upsert", "replace", "read", "patch", "delete", "query", "plan", "batch", "bulk",
    "pkranges", "account", "metadata",
)  # fmt: skip


_NUMBER: tuple[type, ...] = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {  # types of a rule's fields in JSON
    **dict.fromkeys(("kind", "database", "container", "range", "when"), (str,)),
    **dict.fromkeys(("nth", "times", "seed", "status", "substatus", "retry_after_ms"), (int,)),
    **dict.fromkeys(("probability", "latency_ms", "lag_seconds"), _NUMBER),
    "reset": (bool,),
}
LAGGING = frozenset({"read", "query"})  # kinds that a replica answers


@dataclass(slots=True, frozen=True)
class Target:
    """An operation as rules match it."""

    database: str | None
    container: str | None
    range: str | None
    kind: str


@dataclass(slots=True, frozen=True)
class Effect:
    """What a fired rule does."""

    when: str = "before"  # before: the write is not applied; after: it is, and the response says that it failed
    status: int | None = None
    substatus: int = 0
    retry_after_ms: int | None = None
    delay: float = 0.0
    reset: bool = False
    lag: float = 0.0  # seconds

    def raise_status(self) -> None:
        """Raises the rule's status. A reset before the write raises 503, so that nothing is written."""
        if self.status is None:
            if self.reset and self.when == "before":
                raise CosmosError(503, "A fault rule reset the connection.")
            return
        headers = {} if self.retry_after_ms is None else {"x-ms-retry-after-ms": str(self.retry_after_ms)}
        raise CosmosError(self.status, f"A fault rule answered {self.status}.", self.substatus, headers)

    def joined(self, other: "Effect | None") -> "Effect":
        """The delay and reset of two effects on one response."""
        if other is None:
            return self
        return Effect(delay=self.delay + other.delay, reset=self.reset or other.reset)


@dataclass(slots=True)
class Rule:
    """Fires for operations that match its fields: from the nth match on, at most `times` times, each with a
    probability."""

    id: int = 0
    kind: str | None = None
    database: str | None = None
    container: str | None = None
    range: str | None = None
    nth: int = 1
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    when: str = "before"
    status: int | None = None
    substatus: int = 0
    retry_after_ms: int | None = None
    latency_ms: float = 0.0
    reset: bool = False
    lag_seconds: float = 0.0
    matched: int = 0
    fired: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    @classmethod
    def read(cls, data: Any, id_: int) -> "Rule":
        """A rule from its JSON; raises 400 for unknown fields and wrong types."""
        if not isinstance(data, dict):
            raise bad_request("A fault rule is a JSON object.")
        known = {f.name for f in fields(cls)} - {"id", "matched", "fired", "_random"}
        if unknown := set(data) - known:
            raise bad_request(f"A fault rule has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}.")
        for name, value in data.items():
            if value is not None and type(value) not in _TYPES[name]:
                raise bad_request(f"The '{name}' of a fault rule cannot be {str(value)[:50]}.")
        rule = cls(id=id_, **{name: value for name, value in data.items() if value is not None})
        rule.check()
        rule._random = random.Random(rule.seed)
        return rule

    def check(self) -> None:
        """Raises 400 for a rule that cannot work."""
        if self.when not in {"before", "after"}:
            raise bad_request("The 'when' of a fault rule is 'before' or 'after'.")
        if self.kind is not None and self.kind not in KINDS:
            raise bad_request(f"The 'kind' of a fault rule is one of {', '.join(KINDS)}.")
        if self.status is None and not self.reset and not self.latency_ms and not self.lag_seconds:
            raise bad_request("A fault rule needs a status, a latency_ms, a lag_seconds or a reset.")
        if self.lag_seconds < 0 or (self.lag_seconds and self.kind not in {None, *LAGGING}):
            raise bad_request("A fault rule with 'lag_seconds' above 0 is for the kinds read and query.")
        if self.status is not None and not 400 <= self.status <= 599:
            raise bad_request("The 'status' of a fault rule is from 400 to 599.")
        if self.latency_ms < 0 or not 0 <= self.probability <= 1:
            raise bad_request("The 'latency_ms' of a fault rule is at least 0, its 'probability' from 0 to 1.")

    def matches(self, target: Target) -> bool:
        return (
            self.kind in {None, target.kind}
            and (not self.lag_seconds or target.kind in LAGGING)
            and self.container in {None, target.container}
            and self.database in {None, target.database}
            and self.range in {None, target.range}
        )

    def fires(self) -> bool:
        """Counts a match, and returns whether it fails."""
        self.matched += 1
        if self.matched < self.nth or (self.times is not None and self.fired >= self.times):
            return False
        if self.probability < 1.0 and self._random.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def effect(self) -> Effect:
        delay = self.latency_ms / 1000
        return Effect(self.when, self.status, self.substatus, self.retry_after_ms, delay, self.reset, self.lag_seconds)

    def as_json(self) -> dict[str, Any]:
        """The rule with its counts."""
        return {name: value for name, value in asdict(self).items() if name != "_random"}


class Faults:
    """The rules, and the faults that fired."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.fired: deque[dict[str, Any]] = deque(maxlen=LISTED)
        self._next = 1

    def add(self, data: Any) -> Rule:
        rule = Rule.read(data, self._next)
        self._next += 1
        self.rules.append(rule)
        return rule

    def remove(self, id_: int | None = None) -> None:
        """Removes one rule, or all. Fired faults stay listed."""
        self.rules = [rule for rule in self.rules if id_ is not None and rule.id != id_]

    @property
    def longest_lag(self) -> float:
        """The most seconds that a read may lag."""
        return max((rule.lag_seconds for rule in self.rules), default=0.0)

    def fire(self, target: Target) -> Effect | None:
        """The effect of the first rule that fires for an operation."""
        for rule in self.rules:
            if rule.matches(target) and rule.fires():
                self.fired.append({"rule": rule.id, **asdict(target), "status": rule.status, "reset": rule.reset})
                return rule.effect()
        return None
