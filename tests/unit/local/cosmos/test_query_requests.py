"""Queries that are hard to parse, to evaluate, or to continue."""

from typing import Any

import orjson
import pytest

from tests.contract.cosmos_emulator.clients import operation
from tests.unit.local.cosmos.emulating import PATH, Emulated


@pytest.fixture
def emulated() -> Emulated:
    return Emulated(throughput=1_000_000)


def rows(emulated: Emulated, text: str, key: Any = "a", parameters: Any = ()) -> list[Any]:
    """Return all rows of a query, read page by page."""
    found, token = [], ""
    while True:
        response = emulated.query(text, key, parameters, x_ms_max_item_count="2", x_ms_continuation=token)
        assert response.status == 200, response.body
        found += orjson.loads(response.body)["Documents"]
        token = response.headers.get("x-ms-continuation", "")
        if not token:
            return found


def value(emulated: Emulated, expression: str, **parameters: Any) -> Any:
    """Return the value of an expression, or "undefined"."""
    named = [{"name": f"@{name}", "value": given} for name, given in parameters.items()]
    return (rows(emulated, f"SELECT VALUE {expression}", parameters=named) or ["undefined"])[0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"'\uD83D\uDE00' = '😀'", True),
        ("99999999999999999999999", 1e23),
        ("0x" + "F" * 30, float(16**30)),
        ("1e308 * 10", "undefined"),
        ("-9223372036854775808 - 1", -(2.0**63) - 1),
        ("- (18446744073709551615)", -(2.0**64)),
        ("~ 1e300", None),
        ("~ 5", -6),
        ("REPLICATE('', 1e308)", "undefined"),
        ("ToString(1.0)", "1"),
        ("ARRAY_SLICE([1, 2, 3], -2, 1)", [2]),
        ("ARRAY_SLICE([1], 0, null)", "undefined"),
        ("ARRAY_SLICE([1], 0, 'x')", "undefined"),
        ("{'a': LENGTH('abc'), 'b': [1, undefined]}", {"a": 3, "b": [1]}),
    ],
)
def test_values_at_the_limits(emulated: Emulated, expression: str, expected: Any) -> None:
    """Numbers beyond 64 bits, surrogate pairs and undefined values give answers that JSON can carry."""
    found = value(emulated, expression)
    assert found == expected or (expected is None and type(found) is int)


@pytest.mark.parametrize("expression", [r"'\uD83D'", "1e400", "0x" + "F" * 500])
def test_literals_that_cannot_be_are_refused(emulated: Emulated, expression: str) -> None:
    """Half of a surrogate pair and an infinite number get 400 with the position."""
    response = emulated.query(f"SELECT VALUE {expression}")
    assert response.status == 400
    assert b'\\"start\\":13' in response.body


def test_a_thousand_conditions_in_a_row_are_served(emulated: Emulated) -> None:
    """A query with thousands of ORs, as clients write to read many documents at once, is served."""
    emulated.item("POST", "a", body={"id": "1499", "pk": "a"})
    condition = " OR ".join(f"(c.id = '{at}' AND c.pk = 'a')" for at in range(1500))
    assert rows(emulated, f"SELECT VALUE c.id FROM c WHERE {condition}") == ["1499"]


@pytest.mark.parametrize(
    "expression",
    [
        "+".join(["1"] * 3000),
        "NOT " * 3000 + "true",
        "(" * 500 + "1" + ")" * 500,
        "[" * 500 + "]" * 500,
        "-" * 1 + " -" * 500 + "1",
        "c" + ".a" * 3000,
        "1 ? " * 500 + "1" + " : 2" * 500,
    ],
    ids=["a sum", "negations", "parentheses", "arrays", "signs", "a path", "conditionals"],
)
def test_queries_nested_too_deeply_are_refused(emulated: Emulated, expression: str) -> None:
    """A query that would exhaust the interpreter's stack gets 400."""
    response = emulated.query(f"SELECT VALUE {expression} FROM c")
    assert (response.status, b"nested too deeply" in response.body) == (400, True)


def test_a_path_through_the_deepest_document_is_served(emulated: Emulated) -> None:
    """A query can reach the last of a document's 128 levels."""
    deepest: Any = "here"
    for _ in range(127):
        deepest = {"v": deepest}
    emulated.item("POST", "a", body={"id": "1", "pk": "a", **deepest})
    assert rows(emulated, f"SELECT VALUE c{'.v' * 127} FROM c") == ["here"]
    assert value(emulated, "(" * 40 + "1" + ")" * 40) == 1


def test_parameters_nested_too_deeply_are_refused(emulated: Emulated) -> None:
    """A parameter that is nested deeper than a document may be gets 400, and one without a value is undefined."""
    deep: Any = []
    for _ in range(200):  # the encoder of the client allows 254
        deep = [deep]
    response = emulated.query("SELECT VALUE @p = @p", parameters=[{"name": "@p", "value": deep}])
    assert (response.status, b"nested deeper" in response.body) == (400, True)
    response = emulated.query("SELECT VALUE IS_DEFINED(@p)", parameters=[{"name": "@p"}])
    assert orjson.loads(response.body)["Documents"] == [False]


def test_extremes_are_scalars(emulated: Emulated) -> None:
    """MIN and MAX compare null, booleans, numbers and strings, and are undefined over an object or array."""
    values = [3, "b", None, True]
    for at, one in enumerate(values):
        emulated.item("POST", "a", body={"id": str(at), "pk": "a", "v": one})
    assert rows(emulated, "SELECT MIN(c.v) AS low, MAX(c.v) AS high FROM c") == [{"low": None, "high": "b"}]
    emulated.item("POST", "a", body={"id": "9", "pk": "a", "v": []})
    assert rows(emulated, "SELECT VALUE MAX(c.v) FROM c") == []


def test_distinct_sees_equal_values(emulated: Emulated) -> None:
    """DISTINCT treats 1 and 1.0, and objects in any order of members, as equal, but not true and 1."""
    for at, text in enumerate((b'{"x":1,"y":2}', b'{"y":2.0,"x":1}', b'{"x":true,"y":2}')):
        emulated.item("POST", "a", body=b'{"id":"%d","pk":"a","v":%b}' % (at, text))
    assert len(rows(emulated, "SELECT DISTINCT VALUE c.v FROM c")) == 2


def test_pages_go_on_after_any_value(emulated: Emulated) -> None:
    """A token carries order values of any script and length, in few enough bytes for a header."""
    names = ["é", "€", "😀", '"', "\\", "\n", "x" * 20_000, "x" * 20_000 + "y", "", "€" * 20_000]
    for at, name in enumerate(names):
        emulated.item("POST", "a", body={"id": str(at), "pk": "a", "v": name})
    for direction in ("ASC", "DESC"):
        found = rows(emulated, f"SELECT VALUE c.v FROM c ORDER BY c.v {direction}")
        assert found == sorted(names, reverse=direction == "DESC")
    response = emulated.query("SELECT * FROM c ORDER BY c.v DESC", x_ms_max_item_count="1")
    assert len(response.headers["x-ms-continuation"]) < 4096
    assert response.headers["x-ms-continuation"].isascii()


def test_pages_go_on_after_a_row_that_went(emulated: Emulated) -> None:
    """If the last row of a page is deleted, the next page begins with the row after it."""
    for at in range(6):
        emulated.item("POST", "a", body={"id": str(at), "pk": "a", "v": at // 2})
    text = "SELECT VALUE c.id FROM c ORDER BY c.v DESC"
    first = emulated.query(text, x_ms_max_item_count="3")
    assert orjson.loads(first.body)["Documents"] == ["4", "5", "2"]
    emulated.item("DELETE", "a", "2")
    second = emulated.query(text, x_ms_continuation=first.headers["x-ms-continuation"])
    assert orjson.loads(second.body)["Documents"] == ["3", "0", "1"]


TOKENS = ['{"after":1}', '{"keys":[[1]],"number":1}', '{"low":"","starts":[]}']


@pytest.mark.parametrize(
    ("text", "key", "own"),
    [
        ("SELECT * FROM c", "a", 0),
        ("SELECT * FROM c ORDER BY c.v", "a", 1),
        ("SELECT * FROM c", None, 2),
    ],
)
def test_tokens_of_another_kind_of_query_are_refused(emulated: Emulated, text: str, key: Any, own: int) -> None:
    """A continuation token of another kind of query gets 400."""
    answers = [emulated.query(text, key, x_ms_continuation=token).status for token in TOKENS]
    assert answers == [200 if at == own else 400 for at in range(3)]


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "1",
        "[]",
        '{"after":"1"}',
        '{"after":-1}',
        '{"after":1.5}',
        '{"number":1}',
        '{"keys":[[1],[2]],"number":1}',
        '{"keys":[' + "[" * 500 + "]" * 500 + '],"number":1}',
        '{"low":"","starts":[[1]]}',
        '{"low":"","starts":{"a":1}}',
    ],
)
@pytest.mark.parametrize("key", ["a", None])
def test_broken_tokens_are_refused(emulated: Emulated, token: str, key: Any) -> None:
    """A continuation token that cannot be parsed gets 400."""
    text = "SELECT * FROM c ORDER BY c.v" if "keys" in token and key else "SELECT * FROM c"
    response = emulated.query(text, key, x_ms_continuation=token)
    assert (response.status, b"Invalid Continuation Token" in response.body) == (400, True)


@pytest.mark.parametrize(
    "select",
    ["c.order, c['first name']", "c.order AS o, c.value", "c", "1, c.order", r"""c["a\"b"]""", "DISTINCT c.order"],
)
def test_a_rewritten_query_can_be_read(emulated: Emulated, select: str) -> None:
    """The rewritten query of a plan can be parsed, whatever names it contains."""
    plan = {"x-ms-cosmos-is-query-plan-request": "true", "x-ms-cosmos-supported-query-features": "OffsetAndLimit"}
    emulated.bulk([operation("Upsert", "a", {"id": "1", "pk": "a", "order": 1, "value": 2, 'a"b': 3})])
    for end in ("OFFSET 0 LIMIT 2", "ORDER BY c.order OFFSET 0 LIMIT 2"):
        plan["x-ms-cosmos-supported-query-features"] = "OffsetAndLimit, OrderBy, Distinct"
        text = f"SELECT {select} FROM c {end}"
        info = orjson.loads(emulated.ask("POST", PATH, {"query": text}, plan).body)["queryInfo"]
        sent = info["rewrittenQuery"].replace("{documentdb-formattableorderbyquery-filter}", "true")
        response = emulated.query(sent)
        assert response.status == 200, (sent, response.body)
        row = orjson.loads(response.body)["Documents"][0]
        payload = row["payload"] if "ORDER" in end else row
        assert payload == orjson.loads(emulated.query(text).body)["Documents"][0]


def test_a_query_without_from_has_one_row(emulated: Emulated) -> None:
    """A query without FROM has one row, however many documents and partitions exist."""
    emulated = Emulated(partitions=4)
    for at in range(9):
        emulated.item("POST", f"k{at}", body={"id": "1", "pk": f"k{at}"})
    for key in ("a", None):
        assert rows(emulated, "SELECT VALUE {'one': 1}", key) == [{"one": 1}]
        assert rows(emulated, "SELECT COUNT(1) AS n", key) == [{"n": 1}]
    assert emulated.query("SELECT *").status == emulated.query("SELECT VALUE c.id").status == 400


def test_an_aggregate_may_have_an_order(emulated: Emulated) -> None:
    """ORDER BY beside an aggregate changes nothing, because the answer has one row."""
    for at in range(3):
        emulated.item("POST", "a", body={"id": str(at), "pk": "a", "v": at})
    assert rows(emulated, "SELECT VALUE MAX(c.v) FROM c ORDER BY c.v") == [2]


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("abcabc", "%bc", True),
        ("abcab", "%bc", False),
        ("abXbc", "a%b%c", True),
        ("aab", "a%ab", True),
        ("ab", "a%ab", False),
        ("", "%", True),
        ("a", "_%_", False),
        ("50%", "50[%]", True),
        ("a[b", "a[[]b", True),
        ("b", "[^a-c]", False),
        ("d&", "[^a-c][&&~~]", True),
        ("line\nend", "line%end", True),
        ("a" * 5000, "%a" * 40 + "%b", False),
    ],
)
def test_like(emulated: Emulated, text: str, pattern: str, expected: bool) -> None:
    """LIKE supports %, _ and character classes, and a pattern with many % ends as quickly as one with few."""
    assert value(emulated, "@text LIKE @pattern", text=text, pattern=pattern) is expected


def test_any_pattern_is_matched_without_a_warning(emulated: Emulated) -> None:
    """A regular expression raises no Python warning, and an invalid one gives undefined."""
    assert value(emulated, "RegexMatch('[', '[[a]')") is True
    assert value(emulated, "RegexMatch('a', '(')") == "undefined"
