"""What the database's errors mean to the app, translated once.

Source: Azure docs, "Designing resilient applications with Azure Cosmos DB SDKs", and the codes the SDKs act on.
"""

from azure.core.exceptions import AzureError
from azure.cosmos.exceptions import CosmosHttpResponseError

from outlast.errors import OutlastError, Permanent, Transient
from outlast.models import RUNS_CONTAINER

OWNER_MISSING = 1003
"""The substatus of a 404 that means the container, not the document."""
PARTITION_FULL = 1014
"""The substatus of a 403 that means a logical partition of 20 GB."""


def translated(error: AzureError, container: str, what: str) -> OutlastError:
    """The error that a failed call raises; `what` names what was asked for, such as `run r1's record`."""
    if not isinstance(error, CosmosHttpResponseError):
        return Transient(f"the database gave no answer for {what} ({type(error).__name__})")
    return of_status(error.status_code or 0, int(error.sub_status or 0), container, what)


def of_status(status: int, substatus: int, container: str, what: str) -> OutlastError:
    if (status, substatus) == (403, PARTITION_FULL):
        return Permanent(f"a logical partition of {container} is full (20 GB); choose a finer partition key")
    if status in (401, 403):
        return Permanent(
            f"the database refuses {what} ({status}); give the app's identity the role "
            "'Cosmos DB Built-in Data Contributor', or correct COSMOS_KEY"
        )
    if status == 404:
        how = " with partition key /id" if container == RUNS_CONTAINER else ", because this app may not"
        return Permanent(f"the container {container} does not exist; create it{how}")
    return Transient(f"the database answered {status} for {what}")


def owner_is_missing(error: CosmosHttpResponseError) -> bool:
    """Whether a 404 means the container and not the document."""
    return error.status_code == 404 and error.sub_status == OWNER_MISSING
