"""Computed properties: names for expressions over a document, which queries use like stored properties."""

from typing import Any

from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.query.parser import parse_query
from local.cosmos.query.syntax import Query

MOST = 20
Computed = dict[str, Query]
INVALID = "One of the specified inputs is invalid: computed properties are a list of objects with name and query."


def read_computed(properties: Any) -> Computed:
    """The computed properties of a container's definition, by name; raises 400."""
    if properties is None:
        return {}
    if not isinstance(properties, list) or len(properties) > MOST:
        raise CosmosError(400, INVALID)
    return dict(map(_read, properties))


def _read(entry: Any) -> tuple[str, Query]:
    name, text = (entry.get("name"), entry.get("query")) if isinstance(entry, dict) else (None, None)
    if not isinstance(name, str) or not name or not isinstance(text, str):
        raise CosmosError(400, INVALID)
    query = parse_query(text)
    extra = query.where or query.order_by or query.top or query.offset or query.distinct or query.aggregated
    if not query.value or not query.alias or extra:
        raise bad_request(f"The query of the computed property '{name[:100]}' has to be SELECT VALUE … FROM c.")
    return name, query
