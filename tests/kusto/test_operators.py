"""The interpreter of queries: what it does as the service does, and that it refuses the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.kusto.operators import run
from tests.kusto.tokens import NotKusto

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
ROWS = [
    {"timestamp": NOW - timedelta(minutes=n), "n": n, "name": name, "text": '{"a": {"x": 1, "y": 2}, "b": null}'}
    for n, name in ((1, "one"), (2, "two"), (7, "One"))
]


def asked(query: str) -> list[dict[str, Any]]:
    """Return the rows of a query over the table `t`."""
    return run(query, {"t": ROWS}, NOW)


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("name == 'one'", 1),
        ("name =~ 'one'", 2),
        ("name in ('one', 'two') and n > 1", 1),
        ("name !in ('one') or n == 1", 3),
        ("timestamp > ago(5m)", 2),
        ("name startswith 'ON'", 2),
        ("isnull(parse_json(text).b)", 3),
        ("parse_json(text).b == 1", 0),
        ("tolong(parse_json(text)['a']['y']) == 2", 3),
        ("n / 2 == 1", 1),
        ("n / 2.0 == 1", 1),
        ("(now() - timestamp) / 1m == n", 3),
    ],
)
def test_a_condition_keeps_its_rows(condition: str, count: int) -> None:
    """Comparisons, lists, times and dynamic values mean what they mean in Kusto."""
    assert len(asked(f"t | where {condition}")) == count


def test_rows_are_summarized_by_bins() -> None:
    """Aggregates are made for each bin of time, null is left out, and the newest row of a group is found."""
    rows = asked(
        "t | summarize c = count(), s = sumif(n, n > 1), arg_max(timestamp, name) by part = bin(timestamp, 5m)"
    )
    assert [(row["part"].minute, row["c"], row["s"], row["name"]) for row in rows] == [
        (55, 2, 2, "one"),
        (50, 1, 7, "One"),
    ]


def test_nothing_is_summarized_to_one_row() -> None:
    """Without keys the summary of no rows is one row, with them none."""
    assert asked("t | where n > 99 | summarize seen = sum(n)") == [{"seen": 0}]
    assert asked("t | where n > 99 | summarize seen = sum(n) by name") == []


def test_tables_are_joined_and_expanded() -> None:
    """A `let` names a table, a join takes rows with the same key, and mv-expand makes a row of each key."""
    query = "let o = t | where n == 1 | project name, k = n; t | join kind=inner o on name | project name, k"
    assert asked(query) == [{"name": "one", "k": 1}]
    keys = asked("t | where n == 1 | mv-expand key = bag_keys(parse_json(text).a) to typeof(string) | project key")
    assert [row["key"] for row in keys] == ["x", "y"]


def test_rows_are_ordered() -> None:
    """Rows are ordered by several keys, descending unless the query says otherwise."""
    assert [row["n"] for row in asked("t | order by n")] == [7, 2, 1]
    assert [row["n"] for row in asked("t | order by name asc, n desc")] == [7, 1, 2]


@pytest.mark.parametrize(
    "query", ["t | sample 1", "t | where nothing == 1", "t | where strlen(name) > 1", "u", "t | summarize c = stdev(n)"]
)
def test_what_is_not_known_is_refused(query: str) -> None:
    """An operator, column, function, table or aggregate that the interpreter does not have raises."""
    with pytest.raises(NotKusto):
        asked(query)
