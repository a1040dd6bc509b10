"""Which app is called, and with which key."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from outlast_cli.errors import Usage
from outlast_cli.keys import Keys
from outlast_cli.profiles import LOCAL, Profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`source` says where the address comes from, for people. `key` is None where none is known."""

    url: str
    key: str | None
    source: str

    @property
    def is_local(self) -> bool:
        return is_loopback(self.url)


def find_address(environ: Mapping[str, str], profiles: Profiles, keys: Keys, name: str | None = None) -> Address:
    """`OUTLAST_URL` and `OUTLAST_KEY` win, then the named profile (`OUTLAST_PROFILE`), then the current one.

    A profile's key is never sent to another address than the profile's. Raises Usage where no app is known, and for a
    key that cannot be one.
    """
    name = name or profile_name(environ, profiles)
    profile = profiles.named.get(name) if name else None
    url, given = environ.get("OUTLAST_URL"), environ.get("OUTLAST_KEY")
    key = clean_key(given, "OUTLAST_KEY") if given else None
    if url:
        url = clean_url(url)
        return Address(url=url, key=key, source="OUTLAST_URL")
    if name is None or profile is None:
        raise _unknown(name, profiles)
    kept = None if key else profile.key or keys.get(name)
    key = clean_key(kept, f"The key of profile {name}") if kept else key
    return Address(url=profile.url, key=key, source=f"profile {name}")


def profile_name(environ: Mapping[str, str], profiles: Profiles) -> str | None:
    """Return the profile that a command uses which names none."""
    return environ.get("OUTLAST_PROFILE") or profiles.current


def _unknown(name: str | None, profiles: Profiles) -> Usage:
    if name is None:
        hint = (
            "Run `outlast login URL`, start one on this machine with `make serve`, or set OUTLAST_URL and OUTLAST_KEY."
        )
        return Usage("No app is known", hint)
    known = ", ".join(profiles.named) or "none"
    start = "Start it with `make serve`." if name == LOCAL else f"Run `outlast login URL --profile {name}`."
    return Usage(f"There is no profile {name}; there are: {known}", start)


def clean_key(text: str, source: str) -> str:
    """Return the key without blanks around it. Raise Usage for a text that no header can have."""
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise Usage(f"{source} is no function key, which is printable ASCII text", "The portal shows it under App keys")
    return key


def clean_url(text: str) -> str:
    """Return scheme, host and path without what follows, and without `/api` at its end. Raise Usage for no address."""
    no_address = Usage(f"{text} is not the address of an app", "Give it as https://NAME.azurewebsites.net")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        raise no_address from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise no_address
    path = parts.path.rstrip("/").removesuffix("/api")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
