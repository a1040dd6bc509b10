"""What a URL of STAGING_URL or INPUTS_URL names: a container of Azure Blob Storage and a folder in it."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from outlast.errors import Permanent

FORMS = (
    "https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER, az://CONTAINER/FOLDER beside AZURE_STORAGE_ACCOUNT_NAME, "
    "or file:///FOLDER"
)
CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
HOST = re.compile(rf"({ACCOUNT.pattern})(?:\.z\d+)?\.blob\.[a-z0-9.-]+")
"""The host of an account in any cloud. `z` and digits are the zone of an account with DNS zone endpoints."""
EMULATORS = {"127.0.0.1", "localhost"}
"""Hosts of a storage emulator, where the account is the first part of the path."""


class BlobLocation(NamedTuple):
    """`endpoint` is the URL of the account, `folder` is empty for the whole container."""

    account: str
    endpoint: str
    container: str
    folder: str


def blob_location(url: str, account: str) -> BlobLocation:
    """Return what the URL names; `account` is the account of an `az://` URL.

    Raises Permanent that does not repeat the URL, because somebody may have put a signature into it.
    """
    try:
        parts = urlsplit(url)
        found = _short(parts, account) if parts.scheme == "az" else _long(parts)
    except ValueError:
        found = None
    if found is None or not CONTAINER.fullmatch(found.container):
        raise Permanent(f"STAGING_URL or INPUTS_URL does not open; give it as {FORMS}")
    return found


def _short(parts: SplitResult, account: str) -> BlobLocation | None:
    if not ACCOUNT.fullmatch(account):
        raise Permanent(
            f"STAGING_URL or INPUTS_URL names no account; set AZURE_STORAGE_ACCOUNT_NAME, or give it as {FORMS}"
        )
    if parts.query or parts.fragment:
        return None
    return BlobLocation(account, f"https://{account}.blob.core.windows.net", parts.netloc, _folder(parts.path))


def _long(parts: SplitResult) -> BlobLocation | None:
    if parts.scheme != "https" or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    endpoint, path = f"https://{parts.netloc}", parts.path.lstrip("/")
    named = HOST.fullmatch(parts.hostname or "")
    if named is None and parts.hostname in EMULATORS:
        account, _, path = path.partition("/")
        endpoint += f"/{account}"
    elif named is None:
        return None
    else:
        account = named[1]
    container, _, folder = path.partition("/")
    return BlobLocation(account, endpoint, container, _folder(folder))


def _folder(path: str) -> str:
    return unquote(path).strip("/")
