"""Which run records a list has, and the query for them. An index serves each condition."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which runs, newest first: at most `most`, accepted at `before` or earlier, without those `seen`.

    A condition that is None does not apply. `since` and `until` bound the time of acceptance; `until` is excluded.
    `input` is the file name or the reference that was given. `ids` are the ids that a key can have.
    """

    report: str | None = None
    state: str | None = None
    open: bool | None = None
    since: str | None = None
    until: str | None = None
    input: str | None = None
    label: str | None = None
    ids: tuple[str, ...] | None = None
    before: str | None = None
    seen: tuple[str, ...] = ()
    most: int = 50

    def query(self) -> tuple[str, dict[str, Any]]:
        """The text and the values of its parameters."""
        values = {name: getattr(self, name) for name in _CONDITIONS if getattr(self, name) is not None}
        where = ["IS_DEFINED(c.accepted)", *(_CONDITIONS[name] for name in values)]
        if self.seen:
            where.append("NOT ARRAY_CONTAINS(@seen, c.id)")
            values["seen"] = list(self.seen)
        if self.ids is not None:
            names = [f"id{number}" for number in range(len(self.ids))]
            where.append(f"c.id IN ({', '.join(f'@{name}' for name in names)})" if names else "false")
            values |= dict(zip(names, self.ids, strict=True))
        text = f"SELECT TOP {self.most} * FROM c WHERE {' AND '.join(where)} ORDER BY c.accepted DESC"
        return text, {f"@{name}": value for name, value in values.items()}


_CONDITIONS = {
    "report": "c.report = @report",
    "state": "c.state = @state",
    "open": "c.open = @open",
    "since": "c.accepted >= @since",
    "until": "c.accepted < @until",
    "input": "(c.filename = @input OR c.reference = @input)",
    "label": "c.label = @label",
    "before": "c.accepted <= @before",
}
