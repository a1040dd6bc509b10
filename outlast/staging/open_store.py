"""Opens the store that a URL names. Azure Blob Storage is opened by the app's identity alone."""

from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, ObjectStore

from outlast.errors import Permanent
from outlast.identity import StorageTokens
from outlast.staging.local_files import SCHEME, quoted
from outlast.staging.location import FORMS, BlobLocation, blob_location

if TYPE_CHECKING:
    from obstore.store import RetryConfig

IN_MEMORY = "memory:///"
RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""The store's own retries. They are few, because an activity that waits for the storage holds a slot."""


def open_store(url: str, account: str) -> ObjectStore:
    """Open the store of a URL; `account` is the storage account of one that begins with `az://`.

    Raises Permanent for a URL that names no location. Nothing is sent yet.
    """
    if "://" not in url:
        said = "names no scheme" if url else "is not set"
        raise Permanent(f"STAGING_URL or INPUTS_URL {said}; give it as {FORMS}")
    if url == IN_MEMORY:
        return obstore.store.from_url(url)
    if url.startswith(SCHEME):
        return _folder(url)
    return _container(blob_location(url, account))


def _folder(url: str) -> ObjectStore:
    try:
        return obstore.store.from_url(quoted(url), mkdir=True)
    except (BaseError, ValueError):
        raise Permanent(f"STAGING_URL or INPUTS_URL does not open; give it as {FORMS}") from None


def _container(location: BlobLocation) -> ObjectStore:
    """Open a container. What is given here has precedence over variables of the environment, which obstore reads."""
    return AzureStore(
        location.container,
        prefix=location.folder or None,
        account_name=location.account,
        endpoint=location.endpoint,
        credential_provider=StorageTokens(),
        retry_config=RETRIES,
        use_emulator=False,
        use_fabric_endpoint=False,
        skip_signature=False,
    )
