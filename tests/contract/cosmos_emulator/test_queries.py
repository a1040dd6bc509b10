"""Queries as the clients send them."""

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest

from local.cosmos.control import Control
from tests.contract.cosmos_emulator.clients import Raw
from tests.contract.cosmos_emulator.test_resources import refused

FLIGHTS = [
    {"id": "0", "pk": "a", "n": 5, "name": "Newark", "tags": ["x", "y"], "at": {"city": "New York"}, "late": True},
    {"id": "1", "pk": "b", "n": 3, "name": "LaGuardia", "tags": [], "at": {"city": "New York"}, "late": False},
    {"id": "2", "pk": "a", "n": 9, "name": "Kennedy", "tags": ["y"], "at": {"city": "Queens"}, "late": None},
    {"id": "3", "pk": "c", "n": 1.5, "name": "Heathrow", "at": {"city": "London"}},
    {"id": "4", "pk": "b", "n": -2, "name": "gatwick", "tags": ["z", "x"], "at": {"city": "London"}, "late": True},
]


@pytest.fixture(scope="module")
def flights(database: Any, account: Any) -> Any:
    """A container with five documents in several partitions."""
    from azure.cosmos import PartitionKey

    indexing = {
        "indexingMode": "consistent",
        "includedPaths": [{"path": "/*"}],
        "excludedPaths": [{"path": "/name/?"}],
        "compositeIndexes": [[{"path": "/pk", "order": "ascending"}, {"path": "/n", "order": "descending"}]],
    }
    container = database.create_container(
        "flights", PartitionKey("/pk"), offer_throughput=40_000 if not account.real else 400, indexing_policy=indexing
    )
    for flight in FLIGHTS:
        container.create_item(flight)
    yield container
    database.delete_container("flights")


def rows(container: Any, text: str, key: str | None = None, **parameters: Any) -> list[Any]:
    """Return the rows of a query in one partition key, or in all."""
    where = {"partition_key": key} if key is not None else {"enable_cross_partition_query": True}
    given = [{"name": f"@{name}", "value": value} for name, value in parameters.items()]
    return list(container.query_items(text, parameters=given, **where))


def where(container: Any, condition: str, **parameters: Any) -> list[str]:
    """Return the ids of the documents that fulfil a condition."""
    return sorted(rows(container, f"SELECT VALUE c.id FROM c WHERE {condition}", **parameters))


def test_everything_comes_with_the_services_properties(flights: Any) -> None:
    """SELECT * returns whole documents with system properties."""
    found = rows(flights, "SELECT * FROM c WHERE c.id = '0'")
    assert found[0].items() >= FLIGHTS[0].items()
    assert "_etag" in found[0]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("c.id, c.n", {"id": "0", "n": 5}),
        ("c.id AS x, c.at.city", {"x": "0", "city": "New York"}),
        ('c["name"]', {"name": "Newark"}),
        ("c.tags[1] AS t, c.none", {"t": "y"}),
        ("1, c.id, 'x'", {"$1": 1, "id": "0", "$2": "x"}),
        ('VALUE {"a": c.n, "b": [c.id, c.none]}', {"a": 5, "b": ["0"]}),
        ("VALUE c.at", {"city": "New York"}),
        ("VALUE c.n + 1", 6),
        ("VALUE c.late ? 'yes' : 'no'", "yes"),
        ("VALUE c.none ?? c.n", 5),
    ],
)
def test_projections(flights: Any, select: str, expected: Any) -> None:
    """The select list shapes the rows, and undefined values are left out."""
    assert rows(flights, f"SELECT {select} FROM c WHERE c.id = '0'") == [expected]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("c.n = 5", "0"),
        ("c.n != 5", "1234"),
        ("c.n <> 5 AND c.n >= 3", "12"),
        ("c.n < 0 OR c.n > 5", "24"),
        ("NOT c.late", "1"),
        ("c.late = null", "2"),
        ("c.late", "04"),
        ("c.n IN (3, 9, 'x')", "12"),
        ("c.n NOT IN (3, 9)", "034"),
        ("c.n BETWEEN 1.5 AND 5", "013"),
        ("c.name LIKE '%e_rk' OR c.name LIKE 'La%'", "1"),
        ("c.name LIKE 'N%'", "0"),
        ("c.n * 2 - 1 = 9 OR c.n % 4 = 1 AND c.n / 3 = 3", "02"),
        ("c.name || '!' = 'Kennedy!'", "2"),
        ("(c.n & 1) = 1 AND c.n > 0", "0123"),
        ("c.tags = ['y']", "2"),
        ("c.at = {'city': 'Queens'}", "2"),
        ("c.name < 1", ""),
        ("c.none = c.none", ""),
        ("root.n = 5", None),
    ],
)
def test_conditions(flights: Any, condition: str, expected: str | None) -> None:
    """Operators have the service's meaning, also for undefined values and other types."""
    if expected is None:
        assert refused(lambda: where(flights, condition)).status_code == 400
    else:
        assert "".join(where(flights, condition)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("CONTAINS(c.name, 'e')", "023"),
        ("CONTAINS(c.name, 'G', true)", "14"),
        ("STARTSWITH(c.name, 'La') OR ENDSWITH(c.name, 'row')", "13"),
        ("STRINGEQUALS(c.name, 'NEWARK', true)", "0"),
        ("LOWER(c.name) = 'newark' OR UPPER(c.name) = 'GATWICK'", "04"),
        ("LENGTH(c.name) = 7", "24"),
        ("SUBSTRING(c.name, 1, 2) = 'ew' AND INDEX_OF(c.name, 'w') = 2", "0"),
        ("REPLACE(c.name, 'Ne', 'x') = 'xwark' AND LEFT(c.name, 2) = 'Ne' AND RIGHT(c.name, 2) = 'rk'", "0"),
        ("TRIM(CONCAT(' ', c.name, ' ')) = 'Kennedy' AND REVERSE(c.name) = 'ydenneK'", "2"),
        ("ToString(c.n) = '5' OR StringToNumber('9') = c.n", "02"),
        ("RegexMatch(c.name, '^[ng]', 'i')", "04"),
        ("ABS(c.n) = 2 OR SQRT(c.n) = 3 OR POWER(c.n, 2) = 25", "024"),
        ("FLOOR(c.n) = 1 AND CEILING(c.n) = 2 AND ROUND(c.n) = 2 AND TRUNC(c.n) = 1", "3"),
        ("IS_DEFINED(c.late) AND NOT IS_NULL(c.late)", "014"),
        ("NOT IS_DEFINED(c.tags)", "3"),
        ("IS_NUMBER(c.n) AND IS_STRING(c.name) AND IS_OBJECT(c.at) AND IS_ARRAY(c.tags) AND IS_BOOL(c.late)", "014"),
        ("IS_PRIMITIVE(c.n) AND IS_INTEGER(c.n)", "0124"),
        ("ARRAY_CONTAINS(c.tags, 'x')", "04"),
        ("ARRAY_LENGTH(c.tags) = 2", "04"),
        ("ARRAY_CONTAINS(c.tags, 'none') OR ARRAY_CONTAINS([{'a': 1, 'b': 2}], {'a': 1}, true) AND c.n = 3", "1"),
        ("ARRAY_CONTAINS_ANY(c.tags, 'z', 'none') OR ARRAY_CONTAINS_ALL(c.tags, 'y', 'x')", "04"),
        ("SetIntersect(c.tags, ['x', 'z', 'x']) = ['z', 'x'] OR SetUnion(c.tags, ['y']) = ['x', 'y']", "04"),
        ("SIN(c.n - 5) = 0 AND ROUND(DEGREES(PI())) = 180 AND ATN2(0, 1) = 0 AND NOT IS_DEFINED(ACOS(2))", "0"),
        ("StringToArray(' [5] ') = [c.n] OR StringToBoolean('true') = c.late OR StringToNull('null') = c.late", "024"),
        ("StringToObject(@city) = c.at OR IS_FINITE_NUMBER(c.n) AND c.n = 3", "12"),
        ("ARRAY_SLICE(c.tags, 1) = ['y'] OR ARRAY_CONCAT(c.tags, [1]) = [1]", "01"),
        ("IIF(c.n > 4, 'much', 'little') = 'much'", "02"),
        ("SetDifference(c.tags, ['x']) = ['y'] AND Choose(1, c.n, 0) > 5", "2"),
        ("StringJoin(c.tags, '-') = 'x-y' OR StringSplit(c.name, 't') = ['ga', 'wick']", "04"),
        ("NumberBin(c.n, 2) = 4 OR ObjectToArray(c.at) = [{'k': 'city', 'v': 'Queens'}]", "02"),
    ],
)
def test_functions(flights: Any, condition: str, expected: str) -> None:
    """The common built-in functions return the service's values."""
    assert "".join(where(flights, condition, city='{"city": "Queens"}')) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("DateTimeAdd('mm', 1, '2024-01-31T10:00:00.1234567Z')", "2024-02-29T10:00:00.1234567Z"),
        ("DateTimeAdd('yyyy', -1, '2024-02-29')", "2023-02-28T00:00:00.0000000Z"),
        ("DateTimeAdd('ns', 200, '2024-01-01T00:00:00Z')", "2024-01-01T00:00:00.0000002Z"),
        ("DateTimeDiff('year', '2023-12-31T23:59:59Z', '2024-01-01T00:00:00Z')", 1),
        ("DateTimeDiff('day', '2024-01-02T00:00:00Z', '2024-01-01T23:00:00Z')", -1),
        ("DateTimeDiff('ns', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00.0000001Z')", 100),
        ("DateTimePart('month', '2024-03-05T06:07:08.1234567Z')", 3),
        ("DateTimePart('ns', '2024-03-05T06:07:08.1234567Z')", 123456700),
        ("DateTimePart('ms', '2024-03-05T06:07:08.1234567Z')", 123),
        ("DateTimeBin('2024-03-05T17:07:08Z', 'hh', 6)", "2024-03-05T12:00:00.0000000Z"),
        ("DateTimeBin('2024-03-05T17:07:08Z', 'year')", "2024-01-01T00:00:00.0000000Z"),
        ("DateTimeFromParts(2024, 2, 29, 1, 2, 3, 4)", "2024-02-29T01:02:03.0000004Z"),
        ("DateTimeFromParts(2023, 2, 29)", None),
        ("DateTimeToTicks('2020-01-02T03:04:05.6789123Z')", 15779342456789123),
        ("DateTimeToTimestamp('2020-01-02T03:04:05.678Z')", 1577934245678),
        ("TicksToDateTime(15779342456789123)", "2020-01-02T03:04:05.6789123Z"),
        ("TimestampToDateTime(-1)", "1969-12-31T23:59:59.9990000Z"),
        ("DateTimePart('week', '2024-03-05')", None),
        ("DateTimePart('dd', '5 March 2024')", None),
        ("DateTimeAdd('dd', 1.5, '2024-03-05')", None),
        ("GetCurrentTimestamp() - DateTimeToTimestamp(GetCurrentDateTime()) < 2000", True),
        ("GetCurrentTicks() > 17000000000000000", True),
    ],
)
def test_date_functions(flights: Any, call: str, expected: Any) -> None:
    """Functions on dates return the values of the service's documentation; None stands for undefined."""
    found = rows(flights, f"SELECT VALUE {call}", "a")
    assert found == ([] if expected is None else [expected])


def test_a_slow_pattern_gets_400(emulator: Any, flights: Any) -> None:
    """A regular expression that backtracks without end gets 400."""
    text = "SELECT * FROM c WHERE RegexMatch(CONCAT(c.id, @tail), '^([0-9a]+)+$')"
    error = refused(lambda: rows(flights, text, "a", tail="a" * 60 + "!"))
    assert (error.status_code, "took longer" in str(error)) == (400, True)


def test_parameters(flights: Any) -> None:
    """A query can take its values from parameters."""
    assert where(flights, "c.n > @least AND c.name != @name", least=2, name="Kennedy") == ["0", "1"]
    assert rows(flights, "SELECT VALUE c.id FROM c ORDER BY c.n OFFSET @o LIMIT @l", o=1, l=2) == ["3", "1"]


@pytest.mark.parametrize(("order", "expected"), [("c.n", "43102"), ("c.n DESC", "20134"), ("c.at.city", "34012")])
def test_order_over_all_partitions(flights: Any, order: str, expected: str) -> None:
    """ORDER BY orders the rows of all partitions."""
    found = "".join(rows(flights, f"SELECT VALUE c.id FROM c ORDER BY {order}"))
    assert sorted(found) == sorted(expected)
    assert found == expected or "city" in order


def test_order_by_several_needs_a_composite_index(flights: Any) -> None:
    """ORDER BY two properties is served from a composite index, and gets 400 without one."""
    text = "SELECT VALUE c.id FROM c ORDER BY c.pk ASC, c.n DESC"
    assert rows(flights, text) == ["2", "0", "1", "4", "3"]
    assert rows(flights, "SELECT VALUE c.id FROM c ORDER BY c.pk DESC, c.n ASC") == ["3", "4", "1", "0", "2"]
    error = refused(lambda: rows(flights, "SELECT VALUE c.id FROM c ORDER BY c.pk ASC, c.n ASC"))
    assert (error.status_code, "composite index" in str(error)) == (400, True)


@pytest.mark.parametrize("order", ["c.name", "LOWER(c.at.city)"])
def test_order_by_what_is_not_indexed_is_refused(flights: Any, order: str) -> None:
    """ORDER BY an excluded path, or an expression that is no path, gets 400."""
    assert refused(lambda: rows(flights, f"SELECT * FROM c ORDER BY {order}")).status_code == 400


def test_order_puts_types_apart(container: Any) -> None:
    """ORDER BY sorts undefined before null, booleans, numbers and strings."""
    values = ["b", 2, True, None, "a", 1, False]
    for at, value in enumerate(values):
        container.create_item({"id": str(at), "pk": "k", "v": value})
    container.create_item({"id": "7", "pk": "k"})
    found = rows(container, "SELECT c.v FROM c ORDER BY c.v", "k")
    assert [row.get("v", "undefined") for row in found] == ["undefined", None, False, True, 1, 2, "a", "b"]


def test_top_offset_and_limit(flights: Any) -> None:
    """TOP, OFFSET and LIMIT cut ordered rows, in one partition and over all."""
    assert rows(flights, "SELECT TOP 2 VALUE c.id FROM c ORDER BY c.n") == ["4", "3"]
    assert rows(flights, "SELECT VALUE c.id FROM c ORDER BY c.n OFFSET 1 LIMIT 2") == ["3", "1"]
    assert rows(flights, "SELECT VALUE c.id FROM c ORDER BY c.n OFFSET 1 LIMIT 5", "a") == ["2"]
    assert len(rows(flights, "SELECT TOP 3 * FROM c")) == 3
    assert len(rows(flights, "SELECT * FROM c OFFSET 4 LIMIT 3")) == 1


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("COUNT(1)", 5),
        ("COUNT(c.tags)", 4),
        ("SUM(c.n)", 16.5),
        ("MIN(c.n)", -2),
        ("MAX(c.n)", 9),
        ("AVG(c.n)", 3.3),
        ("MAX(c.name)", "gatwick"),
    ],
)
def test_aggregates_over_all_partitions(flights: Any, aggregate: str, expected: Any) -> None:
    """A VALUE aggregate over all partitions returns one row with the right value."""
    if isinstance(expected, str):
        assert rows(flights, f"SELECT VALUE {aggregate} FROM c", "b") == [expected]
    else:
        assert rows(flights, f"SELECT VALUE {aggregate} FROM c") == [pytest.approx(expected)]


def test_aggregates_in_one_partition(flights: Any) -> None:
    """A query in one partition key can have named, several and calculated aggregates."""
    text = "SELECT COUNT(1) AS n, SUM(c.n) / COUNT(1) AS mean, MIN(c.name) AS first FROM c"
    assert rows(flights, text, "a") == [{"n": 2, "mean": 7, "first": "Kennedy"}]
    assert rows(flights, "SELECT VALUE COUNT(1) FROM c WHERE c.n > 100", "a") == [0]


def test_named_aggregates_over_partitions_are_refused(flights: Any) -> None:
    """A query with named aggregates over partitions is refused, because azure-cosmos supports only VALUE."""
    for text in (
        "SELECT COUNT(1) AS n FROM c",
        "SELECT COUNT(1) + 5 FROM c",
        "SELECT COUNT(1) FROM c WHERE c.pk = 'a'",
    ):
        error = refused(partial(rows, flights, text))
        assert (error.status_code, "NonValueAggregate" in str(error)) == (400, True)


def test_a_query_without_from(flights: Any) -> None:
    """A query without FROM returns one row, however many partitions exist."""
    assert rows(flights, "SELECT VALUE {'n': 1 + 1}") == [{"n": 2}]
    assert rows(flights, "SELECT 'x' AS y", "a") == [{"y": "x"}]


def test_distinct(flights: Any) -> None:
    """DISTINCT leaves out repeated rows, in one partition and over all."""
    assert sorted(rows(flights, "SELECT DISTINCT VALUE c.at.city FROM c")) == ["London", "New York", "Queens"]
    assert rows(flights, "SELECT DISTINCT VALUE c.pk FROM c", "a") == ["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT DISTINCT TOP 2 VALUE c.at.city FROM c ORDER BY c.at.city", ["London", "New York"]),
        ("SELECT DISTINCT VALUE c.at.city FROM c ORDER BY c.at.city OFFSET 1 LIMIT 2", ["New York", "Queens"]),
        ("SELECT DISTINCT VALUE c.at.city FROM c ORDER BY c.n DESC OFFSET 0 LIMIT 2", ["Queens", "New York"]),
    ],
)
def test_distinct_rows_are_limited_in_order(flights: Any, text: str, expected: list[str]) -> None:
    """TOP and OFFSET LIMIT count the distinct rows in their order, over all partitions."""
    assert rows(flights, text) == expected


def test_repeated_rows_take_no_place_in_a_limit(container: Any) -> None:
    """Rows that repeat in one partition do not use up TOP or LIMIT before the client has compared them."""
    for at in range(12):
        container.create_item({"id": str(at), "pk": "a", "n": at // 4})
    assert rows(container, "SELECT DISTINCT TOP 3 VALUE c.n FROM c ORDER BY c.n") == [0, 1, 2]
    assert rows(container, "SELECT DISTINCT VALUE c.n FROM c ORDER BY c.n OFFSET 1 LIMIT 2") == [1, 2]


def test_an_aggregate_may_be_ordered(flights: Any) -> None:
    """An aggregate with ORDER BY has the same row as without."""
    assert rows(flights, "SELECT VALUE SUM(c.n) FROM c ORDER BY c.pk") == [16.5]


def test_a_page_comes_from_one_partition(raw: Raw, flights: Any, database: Any) -> None:
    """A query over all partitions has a page for each, also an empty one, and its token leads to the next."""
    headers = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-query-enablecrosspartition": "true"}
    path, found = f"/dbs/{database.id}/colls/flights/docs", []
    while True:
        _, answered, body = raw.send("POST", path, {"query": "SELECT VALUE c.pk FROM c"}, headers)
        found.append(sorted(body["Documents"]))
        if "x-ms-continuation" not in answered:
            break
        headers["x-ms-continuation"] = answered["x-ms-continuation"]
    assert sorted(page for page in found if page) == [["a", "a"], ["b", "b"], ["c"]]
    assert len(found) == len(list(flights.read_feed_ranges()))


def test_a_resume_filter_goes_on_in_order(raw: Raw, flights: Any, database: Any) -> None:
    """The filter with which the .NET client goes on in a sorted query leaves out the rows before it."""
    headers = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-partitionkey": '["b"]'}
    body = {"query": "SELECT VALUE c.n FROM c ORDER BY c.n", "resumeFilter": {"value": [-2], "exclude": True}}
    path = f"/dbs/{database.id}/colls/flights/docs"
    assert raw.send("POST", path, body, headers)[2]["Documents"] == [3]


def test_what_a_query_body_may_have(raw: Raw, flights: Any, database: Any) -> None:
    """A member of a query's body that the emulator does not understand gets 400 by name."""
    headers = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-partitionkey": '["b"]'}
    body = {"query": "SELECT * FROM c", "resumeFrom": 1}
    status, _, error = raw.send("POST", f"/dbs/{database.id}/colls/flights/docs", body, headers)
    assert (status, "resumeFrom" in error["message"]) == (400, True)


def test_a_query_is_measured(raw: Raw, flights: Any, database: Any) -> None:
    """A page has metrics of the query and of its indexes where the client asks for them."""
    headers = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-partitionkey": '["a"]'}
    path = f"/dbs/{database.id}/colls/flights/docs"
    body = {"query": "SELECT * FROM c WHERE c.n > 5 AND c.name = 'Kennedy' AND LOWER(c.id) = '2'"}
    _, plain, _ = raw.send("POST", path, body, headers)
    assert not {"x-ms-documentdb-query-metrics", "x-ms-cosmos-index-utilization"} & plain.keys()
    headers["x-ms-documentdb-populatequerymetrics"] = "true"
    _, answered, _ = raw.send("POST", path, body, {**headers, "x-ms-cosmos-populateindexmetrics": "true"})
    metrics = dict(entry.split("=") for entry in answered["x-ms-documentdb-query-metrics"].split(";"))
    assert (metrics["retrievedDocumentCount"], metrics["outputDocumentCount"]) == ("1", "1")
    indexes = json.loads(base64.b64decode(answered["x-ms-cosmos-index-utilization"]))
    assert [index["IndexSpec"] for index in indexes["UtilizedSingleIndexes"]] == ["/n/?", "/pk/?"]
    assert [index["IndexSpec"] for index in indexes["PotentialSingleIndexes"]] == ["/name/?"]
    _, answered, _ = raw.send("POST", path, body, {**headers, "x-ms-cosmos-populateindexmetrics-v2": "true"})
    newer = json.loads(unquote(answered["x-ms-cosmos-index-utilization"]))
    assert newer["Utilized"] == {
        "SingleIndexes": [{"IndexSpec": "/n/?"}, {"IndexSpec": "/pk/?"}],
        "CompositeIndexes": [],
    }


def test_a_plan_for_one_partition_merges_nothing(raw: Raw, flights: Any, database: Any) -> None:
    """The plan of an expression around aggregates within one partition key sends the query as it is."""
    headers = {
        "x-ms-cosmos-is-query-plan-request": "true",
        "x-ms-cosmos-supported-query-features": "Aggregate, NonValueAggregate, MultipleAggregates",
    }
    path, body = f"/dbs/{database.id}/colls/flights/docs", {"query": "SELECT VALUE MAX(c.n) - MIN(c.n) FROM c"}
    status, _, plan = raw.send("POST", path, body, {**headers, "x-ms-documentdb-partitionkey": '["a"]'})
    assert (status, plan["queryInfo"]["rewrittenQuery"], plan["queryInfo"]["aggregates"]) == (200, "", [])
    assert plan["queryRanges"][0]["min"] == plan["queryRanges"][0]["max"] != ""
    assert raw.send("POST", path, body, headers)[0] == 501


@pytest.mark.parametrize(
    "text",
    [
        "SELECT VALUE c.id FROM c",
        "SELECT VALUE c.id FROM c ORDER BY c.n",
        "SELECT TOP 4 VALUE c.id FROM c ORDER BY c.n DESC",
    ],
)
@pytest.mark.parametrize("key", ["k", None])
def test_pages_go_on_from_their_token(container: Any, text: str, key: str | None) -> None:
    """A query that is read page by page, with a new call for each token, gives every row once."""
    for at in range(10):
        container.create_item({"id": str(at), "pk": "k", "n": at * 7 % 10})
    whole = rows(container, text, key)
    if key is None and "ORDER" in text:
        return  # azure-cosmos returns no token for such a query
    found, token = [], None
    scope: dict[str, Any] = {"partition_key": key} if key else {"enable_cross_partition_query": True}
    while True:
        pages = container.query_items(text, max_item_count=3, **scope).by_page(token)
        found += list(next(pages))
        token = pages.continuation_token
        if not token:
            break
    assert found == whole


def test_pages_hold_while_documents_go(container: Any) -> None:
    """The next page skips no document when documents of earlier pages are deleted."""
    for at in range(9):
        container.create_item({"id": str(at), "pk": "k"})
    seen = []
    for page in container.query_items("SELECT * FROM c", partition_key="k", max_item_count=2).by_page():
        for item in list(page):
            seen.append(item["id"])
            container.delete_item(item["id"], "k")
    assert seen == [str(at) for at in range(9)]


def test_a_filter_on_the_key_needs_no_cross_partition(raw: Raw, flights: Any, database: Any) -> None:
    """A query for one partition key needs no permission for cross partition, and any other query gets 400 without
    it."""
    path, headers = f"/dbs/{database.id}/colls/flights/docs", {"x-ms-documentdb-isquery": "true"}
    pinned = {"query": "SELECT VALUE c.id FROM c WHERE c.pk = 'a' ORDER BY c.n"}
    assert raw.send("POST", path, pinned, headers)[2]["Documents"] == ["0", "2"]
    status, _, body = raw.send("POST", path, {"query": "SELECT * FROM c"}, headers)
    assert (status, "Cross partition query is required but disabled" in body["message"]) == (400, True)


def test_what_the_gateway_cannot_merge_asks_for_a_plan(raw: Raw, flights: Any, database: Any) -> None:
    """An ordered query over all partitions gets 400 with substatus 1004, after which clients fetch the plan."""
    headers = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-query-enablecrosspartition": "true"}
    body = {"query": "SELECT * FROM c ORDER BY c.n"}
    status, answered, _ = raw.send("POST", f"/dbs/{database.id}/colls/flights/docs", body, headers)
    assert (status, answered["x-ms-substatus"]) == (400, "1004")


def test_a_token_that_was_changed_is_refused(raw: Raw, flights: Any, database: Any) -> None:
    """A continuation token that this query never returned gets 400."""
    headers = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-partitionkey": '["a"]'}
    body = {"query": "SELECT * FROM c"}
    for token in ("+RID:junk", '{"after":"x"}'):
        continued = {**headers, "x-ms-continuation": token}
        assert raw.send("POST", f"/dbs/{database.id}/colls/flights/docs", body, continued)[0] == 400


def test_a_feed_range_is_a_scope(flights: Any) -> None:
    """A query by feed range returns the documents of that range, and all ranges together return all."""
    found = [
        id_
        for feed_range in flights.read_feed_ranges()
        for id_ in flights.query_items("SELECT VALUE c.id FROM c", feed_range=feed_range)
    ]
    assert sorted(found) == ["0", "1", "2", "3", "4"]


def test_a_range_that_splits_under_a_query(new_container: Callable[..., Any], database: Any, control: Control) -> None:
    """A split between two pages loses no row and repeats none."""
    container = new_container()
    for at in range(20):
        container.create_item({"id": str(at), "pk": f"k{at}", "n": at})
    pages = container.query_items("SELECT VALUE c.id FROM c", enable_cross_partition_query=True, max_item_count=6)
    found: list[str] = []
    for page in pages.by_page():
        found += list(page)
        if len(found) == 6:
            control.split(database.id, container.id, "0")
    assert sorted(found, key=int) == [str(at) for at in range(20)]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("SELEC * FROM c", 0),
        ("SELECT * FRM c", 9),
        ("SELECT * FROM c WHERE", 21),
        ("SELECT * FROM c WHERE c.n = ", 28),
        ("SELECT * FROM c ORDER c.n", 22),
        ("SELECT * FROM c WHERE (c.n = 1", 30),
        ("SELECT * FROM c OFFSET 1", 24),
        ("SELECT c.id, FROM c", 13),
        ("SELECT * FROM c WHERE c.n = #", 28),
        ("SELECT x.id FROM c", 7),
        ("SELECT NOSUCH(c.id) FROM c", 7),
        ("SELECT c.n, COUNT(1) FROM c", 7),
        ("SELECT * FROM c WHERE COUNT(1) > 1", 22),
        ("SELECT * FROM c ORDER BY LOWER(c.n)", 25),
    ],
)
def test_bad_syntax_gets_its_position(flights: Any, text: str, start: int) -> None:
    """A query with a syntax error gets 400 with the error's position."""
    error = refused(lambda: rows(flights, text, "a"))
    assert error.status_code == 400
    assert f'"start":{start},' in str(error)


@pytest.mark.parametrize(
    ("clause", "text"),
    [
        ("subquery", "SELECT * FROM c WHERE c.n IN (SELECT VALUE 1)"),
        ("subquery in FROM", "SELECT * FROM (SELECT VALUE 1)"),
        ("ORDER BY in a subquery", "SELECT ARRAY(SELECT VALUE t FROM t IN c.tags ORDER BY t) FROM c"),
        ("user defined function", "SELECT udf.f(c.id) FROM c"),
        ("ST_DISTANCE", "SELECT * FROM c WHERE ST_DISTANCE(c.a, c.b) < 3"),
        ("INTADD", "SELECT VALUE IntAdd(1, 2) FROM c"),
        ("RANK", "SELECT * FROM c ORDER BY RANK RRF(1)"),
    ],
)
def test_valid_but_lacking_gets_501(raw: Raw, flights: Any, database: Any, clause: str, text: str) -> None:
    """A query that only the service supports gets 501 with the clause."""
    headers = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-partitionkey": '["a"]'}
    status, _, body = raw.send("POST", f"/dbs/{database.id}/colls/flights/docs", {"query": text}, headers)
    assert (status, clause in body["message"]) == (501, True)
