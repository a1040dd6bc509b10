"""GROUP BY, JOIN and subqueries."""

from typing import Any

import pytest

from tests.contract.cosmos_emulator.clients import Raw
from tests.contract.cosmos_emulator.test_resources import refused

ORDERS = [
    {"id": "1", "pk": "a", "city": "Rome", "n": 1, "tags": ["x", "y"],
     "lines": [{"sku": "p", "q": 2}, {"sku": "q", "q": 1}]},
    {"id": "2", "pk": "a", "city": "Oslo", "n": 2, "tags": ["y"], "lines": [{"sku": "p", "q": 5}]},
    {"id": "3", "pk": "a", "city": "Rome", "n": 4, "tags": [], "at": {"hall": 7}},
    {"id": "4", "pk": "a", "n": 8, "name": "100%"},
]  # fmt: skip


@pytest.fixture(scope="module")
def orders(database: Any) -> Any:
    """A container with four documents in one partition key."""
    from azure.cosmos import PartitionKey

    container = database.create_container("orders", PartitionKey("/pk"), offer_throughput=20_000)
    for order in ORDERS:
        container.create_item(order)
    return container


def rows(container: Any, text: str, **options: Any) -> list[Any]:
    """Return the rows of a query in partition key a."""
    return list(container.query_items(text, partition_key="a", **options))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "SELECT c.city, COUNT(1) AS count, SUM(c.n) AS total FROM c GROUP BY c.city",
            [{"city": "Rome", "count": 2, "total": 5},
             {"city": "Oslo", "count": 1, "total": 2}, {"count": 1, "total": 8}],
        ),
        ("SELECT VALUE c.city FROM c GROUP BY c.city", ["Rome", "Oslo"]),
        ("SELECT VALUE {'c': c.city, 'm': MAX(c.n) + 1} FROM c WHERE c.n < 8 GROUP BY c.city",
         [{"c": "Rome", "m": 5}, {"c": "Oslo", "m": 3}]),
        ("SELECT LOWER(c.city) AS low, AVG(c.n) AS mean FROM c WHERE c.n < 8 GROUP BY LOWER(c.city) OFFSET 1 LIMIT 5",
         [{"low": "oslo", "mean": 2}]),
        ("SELECT t, COUNT(1) AS count FROM c JOIN t IN c.tags GROUP BY t",
         [{"t": "x", "count": 1}, {"t": "y", "count": 2}]),
        ("SELECT DISTINCT VALUE COUNT(1) FROM c GROUP BY c.id", [1]),
    ],
)  # fmt: skip
def test_groups_in_one_partition(orders: Any, text: str, expected: list[Any]) -> None:
    """GROUP BY gives a row for each group, also for documents that lack the value, and in pages."""
    assert rows(orders, text) == expected
    assert rows(orders, text, max_item_count=1) == expected


def test_groups_over_partitions_have_a_plan(emulator: Any, raw: Raw, database: Any, orders: Any) -> None:
    """The plan for GROUP BY names expressions and kinds of aggregates, and its query for one partition gives what the
    client merges; a client that does not merge groups gets 400."""
    text = "SELECT c.city, COUNT(1) AS count, AVG(c.n) AS mean FROM c GROUP BY c.city"
    path = f"/dbs/{database.id}/colls/orders/docs"
    asked = {"x-ms-cosmos-is-query-plan-request": "true"}
    features = "Aggregate, GroupBy, NonValueAggregate, MultipleAggregates"
    headers = {**asked, "x-ms-cosmos-supported-query-features": features}
    info = raw.send("POST", path, {"query": text}, headers)[2]["queryInfo"]
    assert info["groupByExpressions"] == ["c.city"]
    assert info["groupByAliasToAggregateType"] == {"city": None, "count": "Count", "mean": "Average"}
    sent = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-partitionkey": '["a"]'}
    found = raw.send("POST", path, {"query": info["rewrittenQuery"]}, sent)[2]["Documents"]
    assert found[0] == {
        "groupByItems": [{"item": "Rome"}],
        "payload": {"city": "Rome", "count": {"item": 2}, "mean": {"item": {"sum": 5, "count": 2}}},
    }
    assert (
        raw.send("POST", path, {"query": text}, {**asked, "x-ms-cosmos-supported-query-features": "Aggregate"})[0]
        == 400
    )
    error = refused(lambda: list(orders.query_items(text, enable_cross_partition_query=True)))
    assert (error.status_code, "GroupBy" in str(error)) == (400, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT c.id, t FROM c JOIN t IN c.tags",
         [{"id": "1", "t": "x"}, {"id": "1", "t": "y"}, {"id": "2", "t": "y"}]),
        ("SELECT VALUE l.sku FROM c JOIN l IN c.lines WHERE l.q > 1", ["p", "p"]),
        ("SELECT VALUE [t, l.sku] FROM c JOIN t IN c.tags JOIN l IN c.lines WHERE c.id = '1'",
         [["x", "p"], ["x", "q"], ["y", "p"], ["y", "q"]]),
        ("SELECT VALUE l FROM l IN c.lines WHERE l.q = 1", [{"sku": "q", "q": 1}]),
        ("SELECT * FROM t IN c.tags", ["x", "y", "y"]),
        ("SELECT VALUE hall FROM c.at.hall", [7]),
        ("SELECT VALUE p.hall FROM c.at AS p", [7]),
        ("SELECT VALUE l.q FROM c JOIN (SELECT VALUE l FROM l IN c.lines WHERE l.sku = 'p') AS l", [2, 5]),
        ("SELECT VALUE r.v FROM c JOIN r IN (SELECT VALUE [{'k': 'Oslo', 'v': 'NO'}]) WHERE r.k = c.city", ["NO"]),
        ("SELECT VALUE COUNT(1) FROM c JOIN t IN c.tags", [3]),
        ("SELECT DISTINCT VALUE t FROM c JOIN t IN c.tags", ["x", "y"]),
        ("SELECT TOP 2 VALUE t FROM c JOIN t IN c.tags", ["x", "y"]),
        ("SELECT VALUE t FROM c JOIN t IN c.tags OFFSET 1 LIMIT 1", ["y"]),
        ("SELECT VALUE t FROM c JOIN t IN c.tags ORDER BY c.n DESC", ["y", "x", "y"]),
    ],
)  # fmt: skip
def test_joins_combine_a_document_with_its_arrays(orders: Any, text: str, expected: list[Any]) -> None:
    """JOIN and FROM … IN give a row for each combination of a document with elements of its arrays."""
    assert rows(orders, text) == expected


@pytest.mark.parametrize("order", ["", " ORDER BY c.n", " ORDER BY c.n DESC"])
def test_pages_of_a_join_go_on(orders: Any, order: str) -> None:
    """Pages of a JOIN repeat no row and lose none."""
    text = f"SELECT VALUE [c.id, t] FROM c JOIN t IN c.tags{order}"
    everything = rows(orders, text)
    assert len(everything) == 3
    assert rows(orders, text, max_item_count=1) == everything
    found = list(orders.query_items(text, enable_cross_partition_query=True, max_item_count=1))
    assert found == everything


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT VALUE c.id FROM c WHERE EXISTS(SELECT VALUE l FROM l IN c.lines WHERE l.q > 4)", ["2"]),
        ("SELECT VALUE c.id FROM c WHERE NOT EXISTS(SELECT VALUE t FROM t IN c.tags)", ["3", "4"]),
        ("SELECT VALUE ARRAY(SELECT VALUE l.q * 2 FROM l IN c.lines) FROM c WHERE c.id = '1'", [[4, 2]]),
        ("SELECT c.id, (SELECT VALUE COUNT(1) FROM t IN c.tags) AS count FROM c WHERE c.n < 3",
         [{"id": "1", "count": 2}, {"id": "2", "count": 1}]),
        ("SELECT VALUE (SELECT VALUE SUM(l.q) FROM l IN c.lines) FROM c WHERE c.id = '1'", [3]),
        ("SELECT VALUE (SELECT l.sku, l.q FROM l IN c.lines) FROM c WHERE c.id = '2'", [{"sku": "p", "q": 5}]),
        ("SELECT VALUE s.low FROM c JOIN (SELECT LOWER(c.city) AS low) AS s WHERE s.low = 'oslo'", ["oslo"]),
        ("SELECT VALUE ARRAY(SELECT DISTINCT VALUE l.sku FROM l IN c.lines) FROM c WHERE c.id = '1'", [["p", "q"]]),
        ("SELECT VALUE ARRAY(SELECT TOP 1 VALUE t FROM t IN c.tags) FROM c WHERE c.id = '1'", [["x"]]),
        ("SELECT VALUE ARRAY(SELECT VALUE t FROM t IN c.tags OFFSET 1 LIMIT 1) FROM c WHERE c.id = '1'", [["y"]]),
        ("SELECT VALUE ARRAY(SELECT l.sku, COUNT(1) AS n FROM l IN c.lines GROUP BY l.sku) FROM c WHERE c.id = '2'",
         [[{"sku": "p", "n": 1}]]),
        ("SELECT VALUE EXISTS(SELECT VALUE u FROM t IN c.tags JOIN u IN c.tags WHERE t != u) FROM c",
         [True, False, False, False]),
    ],
)  # fmt: skip
def test_subqueries(orders: Any, text: str, expected: list[Any]) -> None:
    """EXISTS, ARRAY and scalar subqueries see the document around them."""
    assert rows(orders, text) == expected


def test_like_takes_an_escape_character(orders: Any) -> None:
    """The character behind the one of ESCAPE stands for itself."""
    assert rows(orders, "SELECT VALUE c.id FROM c WHERE c.name LIKE '%0!%' ESCAPE '!'") == ["4"]
    assert rows(orders, "SELECT VALUE c.id FROM c WHERE c.name LIKE '%0!_' ESCAPE '!'") == []
    assert rows(orders, "SELECT VALUE '[a]!' LIKE '![_]!!' ESCAPE '!'") == [True]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM c JOIN t IN c.tags",
        "SELECT * FROM c GROUP BY c.city",
        "SELECT c.city FROM c GROUP BY c.city ORDER BY c.city",
        "SELECT c.n FROM c GROUP BY c.city",
        "SELECT VALUE c FROM t IN c.tags",
        "SELECT VALUE t FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.tags)",
        "SELECT VALUE EXISTS(SELECT VALUE x FROM c) FROM c",
        "SELECT VALUE (SELECT VALUE 1 FROM c",
        "SELECT VALUE t FROM c JOIN t IN",
        "SELECT VALUE t FROM t IN c.tags ORDER BY t",
        "SELECT VALUE ARRAY(SELECT TOP @n VALUE t FROM t IN c.tags) FROM c",
        "SELECT c.city FROM c GROUP c.city",
    ],
)
def test_clauses_that_do_not_go_together_are_refused(orders: Any, text: str) -> None:
    """A query whose clauses do not go together, or that names what it cannot see, gets 400."""
    assert refused(lambda: rows(orders, text)).status_code == 400
