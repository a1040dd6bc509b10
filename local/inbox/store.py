"""The emails of the inbox, in memory or in files."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Mail:
    id: str
    received: str  # ISO 8601, UTC
    sender: str
    to: Sequence[str]
    subject: str
    content: Sequence[dict[str, str]]  # type and value of each part, in the order sent

    @property
    def text(self) -> str:
        """The plain text part, else the first part of any type."""
        plain = [part["value"] for part in self.content if part["type"] == "text/plain"]
        return plain[0] if plain else self.content[0]["value"]

    def as_json(self) -> dict[str, Any]:
        fields = asdict(self)
        return {**fields, "from": fields.pop("sender"), "text": self.text}


class Mails(Protocol):
    def add(self, mail: Mail) -> None: ...
    def all(self) -> Sequence[Mail]: ...
    def clear(self) -> None: ...


class MailsInMemory:
    def __init__(self) -> None:
        self._mails: list[Mail] = []

    def add(self, mail: Mail) -> None:
        self._mails.append(mail)

    def all(self) -> Sequence[Mail]:
        return tuple(self._mails)

    def clear(self) -> None:
        self._mails.clear()


class MailsInFiles:
    """One file for each email, named by the time of its arrival, so that a restarted inbox shows the same in the same
    order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, mail: Mail) -> None:
        path = self._folder / f"{mail.received.replace(':', '')}-{mail.id}.json"
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(mail), indent=2))
        unfinished.replace(path)

    def all(self) -> Sequence[Mail]:
        return tuple(Mail(**json.loads(path.read_text())) for path in self._paths())

    def clear(self) -> None:
        for path in self._paths():
            path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))


def mails_from(body: dict[str, Any], message_id: str) -> list[Mail]:
    """Return one email for each personalization, as SendGrid delivers them."""
    received = datetime.now(UTC).isoformat(timespec="microseconds")
    return [
        Mail(
            id=f"{message_id}.{number}",
            received=received,
            sender=body["from"]["email"],
            to=[address["email"] for address in personalization["to"]],
            subject=personalization.get("subject") or body["subject"],
            content=[{"type": part["type"], "value": part["value"]} for part in body["content"]],
        )
        for number, personalization in enumerate(body["personalizations"])
    ]
