"""What is paid for, of one import or of a million rows, and what that costs at given prices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from bench.runner import Figure

MILLION = 1_000_000
GIGABYTES = 2.0
"""Memory of one instance of Flex Consumption, unless another size is chosen. It is billed while anything executes."""
UNITS = {
    "request_units": "RU",
    "activity_calls": "calls",
    "turns": "turns",
    "staging_operations": "requests",
    "hub_operations": "requests",
    "log_lines": "lines",
    "gb_seconds": "GB s",
}
PRICED = {
    "million_request_units": {"request_units": 1 / MILLION},
    "million_executions": {"activity_calls": 1 / MILLION, "turns": 1 / MILLION},
    "ten_thousand_operations": {"staging_operations": 1e-4, "hub_operations": 1e-4},
    "million_log_lines": {"log_lines": 1 / MILLION},
    "gb_second": {"gb_seconds": 1.0},
}
"""What each price is for. A turn of an orchestrator is billed as an execution, as an activity's call is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`request_units` are those of the documents and of the app's own records; `staging_operations` and
    `hub_operations` requests to Azure Storage, with those that remove what is left; `log_lines` rows for Application
    Insights."""

    request_units: float
    activity_calls: float
    turns: float
    staging_operations: float
    hub_operations: float
    log_lines: float
    gb_seconds: float

    def times(self, factor: float) -> "Cost":
        return Cost(**{name: factor * value for name, value in self._values().items()})

    def figures(self, way: str) -> Iterator[Figure]:
        """One a member; none has a goal."""
        for name, value in self._values().items():
            yield Figure(name=f"{way}_{name}", value=value, unit=UNITS[name], goal=0, direction="min")

    def at(self, prices: Mapping[str, float]) -> float:
        """What it costs at prices by their names in PRICED, in their currency."""
        values = self._values()
        return sum(
            price * share * values[member] for name, price in prices.items() for member, share in PRICED[name].items()
        )

    def _values(self) -> dict[str, float]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
