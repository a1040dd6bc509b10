"""Queries: a grammar, its evaluation over documents, and the plans by which clients fan them out."""

from typing import Any

import orjson

from local.cosmos.errors import bad_request
from local.cosmos.nesting import NESTING_LIMIT, depth, too_deep
from local.cosmos.query.compiler import Compiler
from local.cosmos.query.parser import parse_condition, parse_query
from local.cosmos.query.prepared import Page, PreparedQuery, Source
from local.cosmos.query.values import UNDEFINED

__all__ = ["condition_holds", "read_query", "run_on_documents"]


def condition_holds(condition: str, document: bytes) -> bool:
    """Whether a document fulfils a condition such as `from c where c.x = 1`."""
    query = parse_condition(condition)
    if query.where is None:
        return True
    return Compiler(query.alias, {}).compile(query.where)(orjson.loads(document)) is True


def read_query(body: Any) -> tuple[str, dict[str, Any]]:
    """Text and parameters from the body of a query request."""
    text = body.get("query") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise bad_request("A query request is an object with the text under 'query'.")
    parameters = body.get("parameters") or []
    if not isinstance(parameters, list) or not all(isinstance(p, dict) and "name" in p for p in parameters):
        raise bad_request("The parameters of a query are a list of objects with name and value.")
    if depth(parameters) > NESTING_LIMIT + 2:  # a list of objects around the values
        raise too_deep()
    return text, {str(p["name"]): p.get("value", UNDEFINED) for p in parameters}


def run_on_documents(body: Any, documents: list[dict[str, Any]]) -> list[Any]:
    """A query over some resources that are at hand."""
    text, parameters = read_query(body)
    prepared = PreparedQuery(parse_query(text), parameters)
    texts = [orjson.dumps(document) for document in documents]
    page = Page(limit=1_000_000, byte_limit=1 << 40)
    sources = [Source(at + 1, len(one), lambda one=one: one) for at, one in enumerate(texts)]  # type: ignore[misc]
    prepared.run(lambda after: sources, {}, page)
    return [orjson.loads(row) for row in page.rows]
