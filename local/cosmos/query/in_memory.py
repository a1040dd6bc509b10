"""Queries and conditions over documents in memory."""

from typing import Any

import orjson

from local.cosmos.query.body import read_query
from local.cosmos.query.compiler import Compiler
from local.cosmos.query.parser import parse_condition, parse_query
from local.cosmos.query.prepared import PreparedQuery
from local.cosmos.query.rows import Page, Source


def condition_holds(condition: str, document: bytes) -> bool:
    """Whether a document fulfils a condition such as `from c where c.x = 1`."""
    query = parse_condition(condition)
    if query.where is None:
        return True
    return Compiler(query.alias, {}).compile(query.where)(orjson.loads(document)) is True


def run_on_documents(body: Any, documents: list[dict[str, Any]]) -> list[Any]:
    """All rows of a query over some resources."""
    asked = read_query(body)
    prepared = PreparedQuery(parse_query(asked.text), asked.parameters, asked.resume)
    texts = [orjson.dumps(document) for document in documents]
    page = Page(limit=1_000_000, byte_limit=1 << 40)
    sources = [Source(at + 1, len(one), lambda one=one: one) for at, one in enumerate(texts)]  # type: ignore[misc]
    prepared.run(lambda after: sources, {}, page)
    return [orjson.loads(row) for row in page.rows]
