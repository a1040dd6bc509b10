"""Users, permissions and resource tokens."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from azure.cosmos import CosmosClient

from tests.contract.cosmos_emulator.clients import Raw
from tests.contract.cosmos_emulator.conftest import Account
from tests.contract.cosmos_emulator.test_resources import refused


@pytest.fixture
def user(database: Any) -> Iterator[Any]:
    """A user of the database."""
    user = database.create_user({"id": f"user {uuid.uuid4().hex[:8]}"})
    yield user
    database.delete_user(user.id)


def permission(id_: str, mode: str, resource: str, **more: Any) -> dict[str, Any]:
    """Return the definition of a permission."""
    return {"id": id_, "permissionMode": mode, "resource": resource, **more}


def test_users_and_permissions_come_and_go(database: Any, user: Any) -> None:
    """Users and their permissions are created, upserted, read, listed, queried, renamed and deleted."""
    other = database.create_user({"id": f"other {uuid.uuid4().hex[:8]}"})
    assert user.id in [found["id"] for found in database.list_users()]
    text = "SELECT VALUE u.id FROM u WHERE u.id = @id"
    assert list(database.query_users(text, parameters=[{"name": "@id", "value": user.id}])) == [user.id]
    renamed = database.replace_user(other.id, {"id": f"{other.id} too"})
    assert refused(lambda: database.get_user_client(other.id).read()).status_code == 404
    database.delete_user(renamed.id)
    user.create_permission(permission("p", "Read", "dbs/d/colls/c"))
    user.upsert_permission(permission("p", "all", "dbs/d/colls/c"))
    assert [found["permissionMode"] for found in user.list_permissions()] == ["all"]
    user.replace_permission("p", permission("q", "Read", "dbs/d/colls/c"))
    assert user.get_permission("q").permission_mode == "Read"
    assert "type=resource" in user.get_permission("q").properties["_token"]
    user.delete_permission("q")
    assert list(user.list_permissions()) == []


def test_impossible_users_and_permissions_are_refused(database: Any, user: Any) -> None:
    """A user or permission that exists gets 409, one that does not exist 404, and one without mode or resource 400."""
    assert refused(lambda: database.create_user({"id": user.id})).status_code == 409
    assert refused(lambda: database.create_user({})).status_code == 400
    assert refused(lambda: database.delete_user("nobody")).status_code == 404
    nobody = database.get_user_client("nobody")
    assert refused(lambda: nobody.create_permission(permission("p", "All", "dbs/d"))).status_code == 404
    for mode, resource in (("Write", "dbs/d"), ("Read", ""), ("Read", "/")):
        error = refused(lambda mode=mode, resource=resource: user.create_permission(permission("p", mode, resource)))  # type: ignore[misc]
        assert error.status_code == 400
    user.create_permission(permission("p", "All", "dbs/d"))
    assert refused(lambda: user.create_permission(permission("p", "All", "dbs/d"))).status_code == 409


def test_a_resource_token_opens_what_its_permission_names(
    emulator: Account, raw: Raw, database: Any, container: Any, user: Any
) -> None:
    """A token for reading reads the container and its documents, one for a partition key writes only there, and
    neither does anything else."""
    container.create_item({"id": "1", "pk": "a"})
    link = f"dbs/{database.id}/colls/{container.id}"

    def opened(**options: Any) -> Any:
        token = user.upsert_permission(permission("p", **options)).properties["_token"]
        client = CosmosClient(emulator.url, {link: token})
        return client.get_database_client(database.id).get_container_client(container.id)

    reader = opened(mode="Read", resource=link)
    assert reader.read()["id"] == container.id
    assert reader.read_item("1", "a")["id"] == "1"
    assert list(reader.query_items("SELECT VALUE c.id FROM c", enable_cross_partition_query=True)) == ["1"]
    assert refused(lambda: reader.upsert_item({"id": "1", "pk": "a"})).status_code == 403
    writer = opened(mode="all", resource=f"{link}/", resourcePartitionKey=["a"])
    writer.upsert_item({"id": "2", "pk": "a"})
    assert refused(lambda: writer.upsert_item({"id": "3", "pk": "b"})).status_code == 403
    token = user.get_permission("p").properties["_token"]
    for method, path, sent, status in (
        ("GET", "/", token, 200),
        ("GET", f"/dbs/{database.id}/users", token, 403),
        ("DELETE", f"/{link}", token.replace("resource&", "resource&x&"), 403),
        ("GET", "/", token[:-3] + "xyz", 401),
        ("GET", "/", token.replace("sig=", "sig=é"), 401),
    ):
        assert raw.send(method, path, headers={"Authorization": sent.encode().decode("latin-1")})[0] == status
