"""The host's keys. They are made at the first start, kept in one file in the Azure host's layout, and never logged."""

import base64
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Damaged(Exception):
    """The file with the keys cannot be parsed."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys of the host, and what each opens."""

    master: str
    function: str
    durable: str
    asked: bool = True  # False: every door is open

    def opens_function(self, offered: list[str], level: str) -> bool:
        """Return whether one of these keys opens a function of that level."""
        if level == "anonymous":
            return True
        if level == "admin":
            return self.opens_admin(offered)
        return _same(offered, self.function) or self.opens_admin(offered)

    def opens_durable(self, offered: list[str]) -> bool:
        """Return whether one of these keys opens the management API."""
        return _same(offered, self.durable) or self.opens_admin(offered)

    def opens_admin(self, offered: list[str]) -> bool:
        """Return whether one of these is the master key, which opens everything."""
        return not self.asked or _same(offered, self.master)


def load(folder: Path) -> Keys:
    """Return the keys in this data folder, which are made if they are missing."""
    path = folder / "secrets" / "host.json"
    if not path.exists():
        _write(path, _fresh())
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        return Keys(
            master=str(content["masterKey"]["value"]),
            function=str(content["functionKeys"][0]["value"]),
            durable=next(str(k["value"]) for k in content["systemKeys"] if k["name"] == "durabletask_extension"),
        )
    except (ValueError, LookupError, TypeError, StopIteration) as error:
        raise Damaged(f"{path} does not hold the host's keys. Take it away: new ones are made then.") from error


def _same(offered: list[str], key: str) -> bool:
    return any(hmac.compare_digest(o.encode(errors="replace"), key.encode()) for o in offered)


def _fresh() -> dict[str, Any]:
    return {
        "masterKey": _key("master"),
        "functionKeys": [_key("default")],
        "systemKeys": [_key("durabletask_extension")],
    }


def _key(name: str) -> dict[str, str]:
    return {"name": name, "value": base64.urlsafe_b64encode(secrets.token_bytes(40)).decode().rstrip("=")}


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write the whole file or nothing, readable by its owner alone from the first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
