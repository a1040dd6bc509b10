"""What is asked of the identity. tests/contract/outlast/staging/test_identity.py asks a stand-in for it."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from outlast import identity
from outlast.identity import STORAGE, StorageTokens


class Credential:
    """A credential that counts its tokens."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, scope: str) -> AccessToken:
        self.scopes.append(scope)
        return AccessToken(f"token {len(self.scopes)}", 1_700_000_000)


def test_every_call_asks_one_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call returns the credential's current token with the time of its end, and the credential is made once."""
    made = [Credential()]
    monkeypatch.setattr(identity, "_storage_identity", lambda: made.pop())
    tokens = StorageTokens()
    found: list[Any] = [tokens(), tokens()]
    assert [each["token"] for each in found] == ["token 1", "token 2"]
    assert {each["expires_at"] for each in found} == {datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)}
    assert made == []


def test_the_scope_is_that_of_the_storage() -> None:
    """A token is asked for Azure Storage, and not for one account, which other clouds would not know."""
    assert STORAGE == "https://storage.azure.com/.default"


def test_the_library_is_imported_when_it_is_needed() -> None:
    """Loading the app does not import azure-identity."""
    code = "import sys, outlast.adapters; print('azure.identity' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
