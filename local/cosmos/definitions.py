"""The definition of a container, checked as the service does. What the emulator lacks gets 501."""

from typing import Any

from local.cosmos.errors import bad_request, not_implemented
from local.cosmos.expiry import check_ttl
from local.cosmos.indexing import DEFAULT_POLICY
from local.cosmos.parsing import bad_name, check_id, is_path
from local.cosmos.query.computed import read_computed
from local.cosmos.unique_keys import read_policy

NAME_LIMIT = 255
LEVELS = {"Hash": 1, "MultiHash": 3}  # paths of a partition key at most
SYSTEM = frozenset({"_rid", "_self", "_etag", "_ts", "_docs", "_sprocs", "_triggers", "_udfs", "_conflicts"})
Entries = list[dict[str, Any]]
LACKING_INDEXES = {"vectorIndexes": "vector indexes", "fullTextIndexes": "full text indexes"}
LACKING = {
    "analyticalStorageTtl": "the analytical store (analyticalStorageTtl)",
    "vectorEmbeddingPolicy": "vector search (vectorEmbeddingPolicy)",
    "fullTextPolicy": "full text search (fullTextPolicy)",
    "changeFeedPolicy": "the change feed (changeFeedPolicy)",
    "clientEncryptionPolicy": "client side encryption (clientEncryptionPolicy)",
    "materializedViewDefinition": "materialized views",
}


def read_container(body: dict[str, Any]) -> dict[str, Any]:
    """The properties to store of a container; raises 400 or 501."""
    check_name(body.get("id"))
    for name, feature in LACKING.items():
        if body.get(name) not in (None, [], {}):
            raise not_implemented(feature)
    read_policy(body.get("uniqueKeyPolicy"))
    read_computed(body.get("computedProperties"))
    if body.get("defaultTtl") is not None:
        check_ttl(body["defaultTtl"], "defaultTtl")
    properties = {
        name: value for name, value in body.items() if name not in SYSTEM and name not in LACKING and value is not None
    }
    properties["partitionKey"] = _read_partition_key(body.get("partitionKey"))
    properties["indexingPolicy"] = _read_indexing_policy(body.get("indexingPolicy"))
    properties.setdefault("conflictResolutionPolicy", {"mode": "LastWriterWins", "conflictResolutionPath": "/_ts"})
    properties.setdefault("geospatialConfig", {"type": "Geography"})
    return properties


def check_name(name: Any) -> str:
    """The name of a database or container; raises 400 where it is longer than allowed or ends with a space."""
    if isinstance(name, str) and len(name) > NAME_LIMIT:
        raise bad_name(name, f"less than '{NAME_LIMIT}' characters.")
    checked = check_id(name)
    if checked[-1] == " ":
        raise bad_name(checked, "without a space at its end.")
    return checked


def _read_partition_key(definition: Any) -> dict[str, Any]:
    if not isinstance(definition, dict) or not isinstance(definition.get("paths"), list) or not definition["paths"]:
        raise bad_request("The partition key definition is missing: give partitionKey with paths and kind.")
    paths, kind, version = definition["paths"], definition.get("kind", "Hash"), definition.get("version", 1)
    if kind not in LEVELS:
        raise bad_request(f"The partition key kind '{kind}' is not valid: it has to be Hash or MultiHash.")
    if len(paths) > LEVELS[kind]:
        raise bad_request(f"Too many partition key paths: the kind {kind} has at most {LEVELS[kind]}.")
    if len(set(map(str, paths))) < len(paths):
        raise bad_request("The partition key definition has the same path twice.")
    if version not in ((1, 2) if kind == "Hash" else (2,)):
        raise bad_request(f"The partition key version '{version}' is not valid for the kind {kind}.")
    for path in paths:
        if not isinstance(path, str) or not is_path(path):
            raise bad_request(
                f"The partition key path '{path}' is not valid: it has to begin with '/' and name a property."
            )
    return {"paths": paths, "kind": kind, "version": version}


def _read_indexing_policy(policy: Any) -> dict[str, Any]:
    if policy is None:
        return dict(DEFAULT_POLICY)
    if not isinstance(policy, dict):
        raise bad_request("The indexing policy has to be an object.")
    mode = str(policy.get("indexingMode", "consistent")).lower()
    if mode not in {"consistent", "none", "lazy"}:
        raise bad_request(f"The indexing mode '{mode}' is not valid.")
    for name, feature in LACKING_INDEXES.items():
        if policy.get(name):
            raise not_implemented(f"{feature} (indexingPolicy.{name})")
    _check_composite(policy.get("compositeIndexes", []))
    paths = {name: _read_entries(policy.get(name, []), name) for name in ("includedPaths", "excludedPaths")}
    kept = {"automatic": mode != "none", **policy, "indexingMode": mode}
    return kept if mode == "none" else kept | _with_defaults(**paths)


def _with_defaults(includedPaths: Entries, excludedPaths: Entries) -> dict[str, Entries]:  # noqa: N803 - names of the service
    """The indexed paths. The root has to be among them, and `_etag` is excluded unless it is named."""
    included, excluded = includedPaths, excludedPaths
    if not included and not excluded:
        included = DEFAULT_POLICY["includedPaths"]
    named = {entry["path"] for entry in included + excluded}
    if "/*" not in named:
        raise bad_request(
            'The special mandatory indexing path "/" is not provided in any of the path type sets. '
            "Please provide this path in one of the sets."
        )
    etag = [entry for entry in DEFAULT_POLICY["excludedPaths"] if entry["path"] not in named]
    return {"includedPaths": included, "excludedPaths": excluded + etag}


def _read_entries(entries: Any, name: str) -> Entries:
    """Paths as the service keeps them: `/` is `/*`, and the index kinds of old clients (`indexes`) are left out."""
    return [_read_entry(entry, name) for entry in (entries if isinstance(entries, list) else [None])]


def _read_entry(entry: Any, name: str) -> dict[str, Any]:
    kept = {key: value for key, value in entry.items() if key != "indexes"} if isinstance(entry, dict) else {}
    path = "/*" if kept.get("path") == "/" else kept.get("path")
    valid = path == "/*" or (isinstance(path, str) and path[-2:] in {"/*", "/?"} and is_path(path[:-2]))
    if not valid:
        raise bad_request(f"The indexing path '{path}' of {name} is not valid: it has to end with '/?' or '/*'.")
    return {**kept, "path": path}


def _check_composite(indexes: Any) -> None:
    """Raises 400 where a composite index is not a list of objects with a path."""
    for index in indexes if isinstance(indexes, list) else [None]:
        entries = index if isinstance(index, list) else [None]
        if not all(isinstance(entry, dict) and is_path(entry.get("path")) for entry in entries):
            raise bad_request("A composite index is a list of objects with a path that begins with '/'.")
