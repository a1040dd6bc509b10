import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordDeleteError

from outlast_cli.keys import SystemKeys


class Memory(KeyringBackend):
    """A keyring of this test."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("it is not there")


@pytest.fixture(autouse=True)
def _leave_the_keyring() -> object:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_a_key_is_kept_and_forgotten() -> None:
    """A key that was put is found by its profile until it is deleted, and deleting it twice is no error."""
    keyring.set_keyring(Memory())
    keys = SystemKeys()
    assert keys.put("prod", "k")
    assert (keys.get("prod"), keys.get("other")) == ("k", None)
    keys.delete("prod")
    keys.delete("prod")
    assert keys.get("prod") is None


def test_a_machine_without_a_keyring_says_so() -> None:
    """Without a keyring nothing is kept or found, and nothing is raised."""
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]  # the library has no types there
    keys = SystemKeys()
    assert not keys.put("prod", "k")
    assert keys.get("prod") is None
    keys.delete("prod")
