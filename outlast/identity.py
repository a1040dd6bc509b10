"""The app's identity in Azure, which opens database and storage without a key.

azure-identity is imported when a token is needed first, because the import takes a tenth of the app's start.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from obstore.store import AzureCredential

STORAGE = "https://storage.azure.com/.default"
"""What a token for Azure Storage is asked for, in every cloud."""


def database_identity() -> Any:
    """Return a credential for azure-cosmos."""
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential()


class StorageTokens:
    """Gives the store a token. azure-identity keeps it and asks for the next one before it expires.

    The store calls this in a thread of its own, so it may block. It cannot be a coroutine: the threads in which the
    store sends the parts of a large file have no event loop to run one.
    """

    def __init__(self) -> None:
        self._credential: TokenCredential | None = None

    def __call__(self) -> "AzureCredential":
        """Return the current token. What azure-identity raises reaches the caller as an error of the store."""
        if self._credential is None:
            self._credential = _storage_identity()
        token = self._credential.get_token(STORAGE)
        return {"token": token.token, "expires_at": datetime.fromtimestamp(token.expires_on, UTC)}


def _storage_identity() -> "TokenCredential":
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
