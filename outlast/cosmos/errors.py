"""What an error of the database means. It is translated here, once, into the app's two kinds of failure."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import ClientError
from azure.core.exceptions import AzureError
from azure.cosmos.exceptions import CosmosHttpResponseError

from outlast.errors import OutlastError, Permanent, Transient
from outlast.key_paths import KeyPaths, shown

OWNER_MISSING = 1003
"""The substatus of a 404 that means the container, not the document."""
PASSING = frozenset({408, 410, 449, 500, 502, 503, 504})
"""Statuses after which the same request may succeed. Source: Azure docs, "Designing resilient applications with Azure
Cosmos DB SDKs", and the codes that the SDKs act on."""
PASSING_WITH = frozenset({(400, 1024), (403, 3), (403, 1008), (404, 1002)})
"""Statuses with their substatus: the container was created again, the region changed, the session is not there yet."""
PARTITION_FULL = (403, 1014)
ANY_ERROR = (AzureError, ClientError, TimeoutError, ConnectionError)
"""What a call of the SDK raises: CosmosHttpResponseError, an AzureError, for a response, the others without one."""


def dead_end(
    what: str, container: str, status: int, substatus: int, partition_key: KeyPaths | None = None
) -> str | None:
    """Return why no repeat of a request can succeed and what to do next; None when one may succeed."""
    if status in PASSING or (status, substatus) in PASSING_WITH:
        return None
    if (status, substatus) == PARTITION_FULL:
        return f"a logical partition of {container} is full (20 GB); choose a finer partition key"
    if status in (401, 403):
        return (
            f"the database refuses {what} ({status}); give the app's identity the role "
            "'Cosmos DB Built-in Data Contributor', or correct COSMOS_KEY"
        )
    if status == 404:
        by = f" with the partition key {shown(partition_key)}" if partition_key else ""
        return f"the container {container} does not exist; create it{by}, because this app may not"
    return None


def translate(error: Exception, what: str, container: str, partition_key: KeyPaths | None = None) -> OutlastError:
    """Return the failure that an error of ANY_ERROR means.

    `what` is what was read or written, with its id; `partition_key` is the path that the container should have.
    """
    if not isinstance(error, CosmosHttpResponseError):
        return Transient(f"the database gave no answer for {what} ({type(error).__name__})")
    status, substatus = error.status_code or 0, int(error.sub_status or 0)
    text = dead_end(what, container, status, substatus, partition_key)
    if text is not None:
        return Permanent(text)
    return Transient(f"the database answered {status}{f'/{substatus}' if substatus else ''} for {what}")


@contextmanager
def translated(what: str, container: str, partition_key: KeyPaths | None = None) -> Iterator[None]:
    """Raise Permanent or Transient for an error of the database in the body."""
    try:
        yield
    except ANY_ERROR as error:
        raise translate(error, what, container, partition_key) from error
