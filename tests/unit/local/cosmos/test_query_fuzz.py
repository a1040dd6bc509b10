"""Each random query is answered or refused."""

import os
import random
from typing import Any

import orjson
import pytest

from local.cosmos.query.functions import FUNCTIONS
from tests.unit.local.cosmos.emulating import PATH, Emulated

QUERIES = int(os.environ.get("SOAK_SEEDS", "500"))
SEEDS = 5
LITERALS = [
    "1", "0", "-1", "1.5", "1e308", "9223372036854775807", "18446744073709551615", "1e-300", "'a'", "''", "'é😀'",
    r"'\uD83D\uDE00'", "'%a_[^x]'", "'('", "'[z-a]'", "'[[a]'", "true", "false", "null", "undefined", "[]", "{}",
    "[1,'x',[null]]", "{'a':{'b':[1]}}", "@value", "@text", "@nothing", "c", "c.v", "c.n", "c.list", "c.list[0]",
    "c['x y']", "c.v.w", "c[0]", "c.list[-1]", "c.list[0.5]", "c.big", "c.order",
]  # fmt: skip
OPERATORS = [
    "+", "-", "*", "/", "%", "=", "!=", "<>", "<", "<=", ">", ">=", "AND", "OR", "??", "||", "|", "&", "^", "<<", ">>",
    ">>>", "LIKE",
]  # fmt: skip
VALUES: list[Any] = [
    1, -1, 1.5, None, True, False, "a", "é😀", [], {}, [1, [2]], {"w": 1}, 2**63, -(2**63), 2**64 - 1, 1e308, -1e308,
    5e-324,
]  # fmt: skip
STEADY = [name for name in FUNCTIONS if not name.startswith("GETCURRENT")]
"""Functions that give the same a moment later, as a query in pages is compared."""
FEATURES = "Aggregate,NonValueAggregate,MultipleAggregates,OrderBy,Distinct,OffsetAndLimit,Top"
PLAN = {"x-ms-cosmos-is-query-plan-request": "true", "x-ms-cosmos-supported-query-features": FEATURES}


SHAPES = [
    "({} + {})", "(- {})", "(~ {})", "(NOT {})", "({} ? {} : {})", "({} IN ({}, {}))", "({} NOT IN ({}, {}))",
    "({} BETWEEN {} AND {})", "({} NOT BETWEEN {} AND {})", "{{'a': {}, b: {}}}", "[{}, {}]", "{}[{}]",
]  # fmt: skip


def expression(chance: random.Random, depth: int) -> str:
    kind = chance.random()
    if depth <= 0 or kind < 0.2:
        return chance.choice(LITERALS)
    if kind < 0.4:
        shape = f"({{}} {chance.choice(OPERATORS)} {{}})"
    elif kind < 0.7:
        shape = chance.choice(SHAPES)
    else:
        name = chance.choice(STEADY)
        fewest, most, _ = FUNCTIONS[name]
        shape = f"{name}({', '.join(['{}'] * chance.randint(fewest, most or fewest + 1))})"
    return shape.format(*[expression(chance, depth - 1) for _ in range(shape.count("{}"))])


def query(chance: random.Random) -> str:
    depth = chance.randrange(5)
    first, second = expression(chance, depth), expression(chance, depth)
    aggregate = chance.choice(["COUNT", "SUM", "MIN", "MAX", "AVG"])
    selects = ["*", "c.order, c['x y']", f"VALUE {first}", f"{first} AS a, {second}", f"DISTINCT VALUE {first}"]
    selects += [f"TOP {chance.randrange(4)} {first}", f"{aggregate}({first})", f"VALUE {aggregate}({first})"]
    parts = [f"SELECT {chance.choice(selects)} FROM c"]
    if chance.random() < 0.6:
        parts.append(f"WHERE {expression(chance, depth)}")
    if chance.random() < 0.3:
        parts.append(f"ORDER BY c.{chance.choice(['n', 'v', 'list', 'order', 'none'])} {chance.choice(['', 'DESC'])}")
    if chance.random() < 0.2:
        parts.append(f"OFFSET {chance.randrange(3)} LIMIT {chance.randrange(4)}")
    return " ".join(parts)


@pytest.fixture(scope="module")
def emulated() -> Emulated:
    """An emulator with one document for each kind of value, in one partition key of two partitions."""
    emulated = Emulated(partitions=2, throughput=1_000_000)
    for at, value in enumerate(VALUES):
        body = {"id": str(at), "pk": "a", "v": value, "n": at % 4, "list": [value, at], "x y": value, "order": value}
        assert emulated.item("POST", "a", body={**body, "big": 2**60 + at}).status == 201
    return emulated


def pages(emulated: Emulated, text: str, parameters: Any, size: int, key: Any) -> list[Any]:
    """Return all rows of a query, or no row if it is refused."""
    rows: list[Any] = []
    token = ""
    while True:
        sizes = {"x_ms_max_item_count": str(size), "x_ms_continuation": token}
        response = emulated.query(text, key, parameters, **sizes)
        assert response.status in {200, 400, 501}, (text, response.body)
        body = orjson.loads(response.body)
        rows += body.get("Documents", [])
        token = response.headers.get("x-ms-continuation", "")
        if not token:
            return rows


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_query_is_answered_or_refused(emulated: Emulated, seed: int) -> None:
    """A random query is answered or refused, has the same rows in pages of any size, and has a plan whose query can be
    served."""
    chance = random.Random(seed)
    for _ in range(QUERIES // SEEDS):
        emulated.now += 1
        text = query(chance)
        parameters = [
            {"name": "@value", "value": chance.choice(VALUES)},
            {"name": "@text", "value": "a"},
            {"name": "@nothing"},
        ]
        rows = pages(emulated, text, parameters, 1000, "a")
        assert pages(emulated, text, parameters, chance.choice([1, 2, 7]), "a") == rows, text
        pages(emulated, text, parameters, 1000, None)
        plan = emulated.ask("POST", PATH, {"query": text, "parameters": parameters}, PLAN)
        assert plan.status in {200, 400, 501}, text
        if plan.status == 200 and (sent := orjson.loads(plan.body)["queryInfo"]["rewrittenQuery"]):
            sent = sent.replace("{documentdb-formattableorderbyquery-filter}", "true")
            assert emulated.query(sent, "a", parameters).status == 200, sent
