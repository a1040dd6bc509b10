"""Where the keys of profiles are kept: in the system's keyring, or in the file of profiles where there is none."""

from typing import Protocol

SERVICE = "outlast"


class Keys(Protocol):
    """Each method returns None or False where this machine has no keyring that works."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, key: str) -> bool: ...

    def delete(self, name: str) -> None: ...


class SystemKeys:
    """The keyring of the system, by the library of that name. Names are those of profiles."""

    def get(self, name: str) -> str | None:
        import keyring  # only here, for it takes a tenth of a second
        from keyring.errors import KeyringError

        try:
            return keyring.get_password(SERVICE, name)
        except (KeyringError, RuntimeError):
            return None

    def put(self, name: str, key: str) -> bool:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, key)
            return keyring.get_password(SERVICE, name) == key
        except (KeyringError, RuntimeError):  # a locked keyring, or none
            return False

    def delete(self, name: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.delete_password(SERVICE, name)
        except (KeyringError, RuntimeError):
            return  # it was not there
