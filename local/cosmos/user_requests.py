"""Requests for the users of a database and their permissions."""

from typing import Any

from local.cosmos import charges
from local.cosmos.addresses import named
from local.cosmos.definitions import check_name
from local.cosmos.errors import CosmosError, bad_request, not_found
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.resource_answers import answer, answer_read, check_etag, feed, read_object
from local.cosmos.resource_tokens import write_token
from local.cosmos.users import User

OWN = frozenset({"_rid", "_self", "_ts", "_etag", "_permissions", "_token"})
MODES = frozenset({"read", "all"})  # clients differ in how they write them


def create_user(exchange: Exchange) -> Response:
    """POST users or permissions: creates or upserts."""
    body, siblings = _read(exchange), _siblings(exchange)
    before = siblings.get(body["id"])
    if before is None:
        return _keep(exchange, siblings, User(body, _own_properties(exchange, body["id"])), 201)
    if not exchange.flag("x-ms-documentdb-is-upsert"):
        raise CosmosError(409, "Resource with specified id or name already exists.")
    before.definition = body
    return _keep(exchange, siblings, before, 200)


def list_users(exchange: Exchange) -> Response:
    """GET or query users or permissions."""
    name = "Permissions" if _of_permissions(exchange) else "Users"
    entries = [_properties(exchange, user) for user in _siblings(exchange).values()]
    return feed(exchange, exchange.database().rid, name, entries)


def read_user(exchange: Exchange) -> Response:
    """GET a user or permission."""
    return answer_read(exchange, _properties(exchange, _found(exchange)))


def replace_user(exchange: Exchange) -> Response:
    """PUT a user or permission; another id renames it."""
    user, siblings, body = _found(exchange), _siblings(exchange), _read(exchange)
    check_etag(exchange, user.own)
    if body["id"] != user.definition["id"] and body["id"] in siblings:
        raise CosmosError(409, "Resource with specified id or name already exists.")
    del siblings[user.definition["id"]]
    user.definition = body
    return _keep(exchange, siblings, user, 200)


def delete_user(exchange: Exchange) -> Response:
    """DELETE a user with its permissions, or a permission."""
    user = _found(exchange)
    check_etag(exchange, user.own)
    del _siblings(exchange)[user.definition["id"]]
    exchange.emulator.journal.resources_changed()
    return answer(204, None, charges.METADATA_WRITE)


def _of_permissions(exchange: Exchange) -> bool:
    return len(exchange.parts) > 4


def _siblings(exchange: Exchange) -> dict[str, User]:
    """The users of the database, or the permissions of the user in the path; raises 404."""
    users = exchange.database().users
    if not _of_permissions(exchange):
        return users
    user = users.get(exchange.parts[3])
    if user is None:
        raise not_found(1003)
    return user.permissions


def _found(exchange: Exchange) -> User:
    user = _siblings(exchange).get(exchange.parts[-1])
    if user is None:
        raise not_found()
    return user


def _read(exchange: Exchange) -> dict[str, Any]:
    """The definition in the body; raises 400."""
    body = {name: value for name, value in read_object(exchange).items() if name not in OWN}
    check_name(body.get("id"))
    if _of_permissions(exchange):
        if str(body.get("permissionMode")).lower() not in MODES:
            raise bad_request("A permission has the permissionMode Read or All.")
        if not isinstance(body.get("resource"), str) or not body["resource"].strip("/"):
            raise bad_request("A permission names its resource, such as dbs/d/colls/c.")
    return body


def _own_properties(exchange: Exchange, id_: str) -> dict[str, Any]:
    database = exchange.database()
    rid = exchange.emulator.account.new_rid(database.rid)
    if not _of_permissions(exchange):
        return {"_rid": rid, "_self": f"dbs/{database.rid}/users/{rid}/", "_permissions": "permissions/"}
    owner = database.users[exchange.parts[3]].own["_self"]
    return {"_rid": rid, "_self": f"{owner}permissions/{rid}/"}


def _keep(exchange: Exchange, siblings: dict[str, User], user: User, status: int) -> Response:
    exchange.emulator.account.stamp(user.own, exchange.now)
    siblings[user.definition["id"]] = user
    exchange.emulator.journal.resources_changed()
    return answer(status, _properties(exchange, user), charges.METADATA_WRITE)


def _properties(exchange: Exchange, user: User) -> dict[str, Any]:
    """What a client gets; a permission has a new token each time."""
    found = user.definition | user.own
    if _of_permissions(exchange):
        emulator = exchange.emulator
        path = named(emulator.account, [part for part in found["resource"].split("/") if part])
        key = found.get("resourcePartitionKey")
        found["_token"] = write_token(emulator.token_secret, path, found["permissionMode"], key, exchange.now)
    return found
