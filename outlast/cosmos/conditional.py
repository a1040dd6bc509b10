"""Changing one document under its ETag, again until no other change comes between."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from outlast.cosmos.errors import owner_is_missing

Before = TypeVar("Before")
After = TypeVar("After")


async def change_until_kept(
    read: Callable[[], Awaitable[Before]],
    edit: Callable[[Before], After],
    write: Callable[[Before, After], Awaitable[After]],
) -> Before | After:
    """Return the document as it is kept.

    `edit` may raise to refuse; where it returns what was read, or None, nothing is written. `write` raises the SDK's
    error where another change came between: the document was changed, made or deleted. Then all three are called
    again.
    """
    while True:
        before = await read()
        after = edit(before)
        if after is None or after == before:
            return before
        try:
            return await write(before, after)
        except (CosmosAccessConditionFailedError, CosmosResourceExistsError):
            continue
        except CosmosResourceNotFoundError as error:
            if owner_is_missing(error):
                raise
