"""Documents that are changed only if nobody else has changed them since they were read."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from outlast.cosmos.errors import OWNER_MISSING

Before = TypeVar("Before")
"""What is read: a document, or None where it may be missing."""
After = TypeVar("After")


class Conflict(Exception):
    """Another writer has created, changed or deleted the document since it was read."""


async def change(
    *,
    read: Callable[[], Awaitable[Before]],
    edit: Callable[[Before], After | None],
    write: Callable[[Before, After], Awaitable[After]],
    confirm: bool = False,
) -> Before | After:
    """Apply `edit` to the newest document, again after each Conflict, and return the document as it is stored then.

    Nothing is written when `edit` returns None or an equal document. `edit` may raise to refuse the change. `write` is
    called with the document before and after the edit. With `confirm` an equal document is written, too: that fails
    where a replica that is behind was read, so what is returned is the newest.
    """
    while True:
        before = await read()
        after = edit(before)
        if after is None or (after == before and not confirm):
            return before
        with suppress(Conflict):
            return await write(before, after)


async def read_or_none(
    container: ContainerProxy, name: str, partition_key: str | list[str]
) -> Mapping[str, Any] | None:
    """Return a document, None when it does not exist. A missing container still raises."""
    try:
        return await container.read_item(name, partition_key)
    except CosmosResourceNotFoundError as error:
        if error.sub_status == OWNER_MISSING:
            raise
        return None


async def write_if_unchanged(
    container: ContainerProxy, document: dict[str, Any], etag: str | None
) -> Mapping[str, Any]:
    """Replace the document that has this ETag, or create it when the ETag is None. Raises Conflict."""
    condition = MatchConditions.IfNotModified
    try:
        if etag is None:
            return await container.create_item(document)
        return await container.replace_item(document["id"], document, etag=etag, match_condition=condition)
    except (CosmosAccessConditionFailedError, CosmosResourceExistsError) as error:
        raise Conflict from error
    except CosmosResourceNotFoundError as error:
        if etag is None or error.sub_status == OWNER_MISSING:
            raise
        raise Conflict from error


async def delete_if_unchanged(container: ContainerProxy, name: str, partition_key: str, etag: str | None) -> None:
    """Delete the document that has this ETag, unless it is gone. Raises Conflict where it has another."""
    try:
        await container.delete_item(name, partition_key, etag=etag, match_condition=MatchConditions.IfNotModified)
    except CosmosAccessConditionFailedError as error:
        raise Conflict from error
    except CosmosResourceNotFoundError as error:
        if error.sub_status == OWNER_MISSING:
            raise
