"""The file of profiles: where it is, and what is in it. `python -m local serve` writes its profile by this module too.

The file is `outlast/profiles.json` in the folder of the XDG Base Directory Specification (`XDG_CONFIG_HOME`, else
`~/.config`), readable by its owner alone:

    {"current": "local", "profiles": {"local": {"url": "http://127.0.0.1:7071", "key": "…"}}}

A profile without `key` has it in the system's keyring.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from outlast_cli.errors import Usage

LOCAL = "local"
"""The profile that `make serve` writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An app that can be called. `key` is None where the keyring has it."""

    url: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """All profiles by name. `current` is the one that is used where none is named."""

    current: str | None = None
    named: Mapping[str, Profile] = field(default_factory=dict)

    def with_profile(self, name: str, profile: Profile, *, current: bool) -> "Profiles":
        """`current` makes the profile the one that is used; the first profile is it in any case."""
        chosen = name if current or self.current is None else self.current
        return Profiles(current=chosen, named={**self.named, name: profile})

    def without(self, name: str) -> "Profiles":
        left = {other: profile for other, profile in self.named.items() if other != name}
        return Profiles(current=next(iter(left), None) if self.current == name else self.current, named=left)

    def using(self, name: str) -> "Profiles":
        return replace(self, current=name)


def profiles_path(environ: Mapping[str, str]) -> Path:
    """A relative `XDG_CONFIG_HOME` is ignored, as the specification says."""
    given = Path(environ.get("XDG_CONFIG_HOME") or "")
    home = Path(environ.get("HOME") or Path.home())
    return (given if given.is_absolute() else home / ".config") / "outlast" / "profiles.json"


def read_profiles(path: Path) -> Profiles:
    """Return no profiles where there is no file; raise Usage for a file that is none of ours."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        named = {str(name): Profile(url=one["url"], key=one.get("key")) for name, one in content["profiles"].items()}
        return Profiles(current=content.get("current"), named=named)
    except FileNotFoundError:
        return Profiles()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Usage(
            f"{path} cannot be read as profiles: {error!r}", "Delete it, then run: outlast login URL"
        ) from error


def write_profiles(path: Path, profiles: Profiles) -> None:
    """Replace the file in one step, so that a reader never sees half of it. Nobody but the owner may read it."""
    named = {name: _shown(profile) for name, profile in profiles.named.items()}
    text = json.dumps({"current": profiles.current, "profiles": named}, indent=2) + "\n"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # of mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def write_local_profile(url: str, key: str, environ: Mapping[str, str]) -> Path:
    """Write the profile of the app on this machine. It becomes the current one only if there is no other."""
    path = profiles_path(environ)
    profile = Profile(url=url, key=key)
    write_profiles(path, read_profiles(path).with_profile(LOCAL, profile, current=False))
    return path


def _shown(profile: Profile) -> dict[str, str]:
    return {"url": profile.url, **({} if profile.key is None else {"key": profile.key})}
