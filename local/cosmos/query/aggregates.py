"""COUNT, SUM, MIN, MAX and AVG over the values of one partition."""

from typing import Any

from local.cosmos.query.values import UNDEFINED, number, sort_key, tidy


class Aggregate:
    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0
        self._sum: float = 0
        self._broken = False  # undefined result: SUM and AVG of a non-number, MIN and MAX of an object or array
        self._extreme: Any = UNDEFINED

    def add(self, value: Any, times: int = 1) -> None:
        """Adds a value `times` times. Undefined values do not count."""
        if value is UNDEFINED:
            return
        self._count += times
        if self._name in {"SUM", "AVG"}:
            if number(value):
                self._sum += value * times
            else:
                self._broken = True
        elif self._name in {"MIN", "MAX"}:
            self._compare(value)

    def result(self) -> Any:
        if self._name == "COUNT":
            return self._count
        if self._broken or (self._name == "AVG" and self._count == 0):
            return UNDEFINED
        if self._name in {"MIN", "MAX"}:
            return self._extreme
        return tidy(self._sum) if self._name == "SUM" else tidy(self._sum / self._count)

    def _compare(self, value: Any) -> None:
        if isinstance(value, list | dict):
            self._broken = True
        elif self._extreme is UNDEFINED or (sort_key(value) < sort_key(self._extreme)) == (self._name == "MIN"):
            self._extreme = value
