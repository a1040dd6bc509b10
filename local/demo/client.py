"""The app as a client uses it, over HTTP only."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.console import LocalError
from local.json_calls import get, get_text, post_file

ENDED = {"Completed", "Failed", "Terminated", "Canceled"}
EVERY_SECONDS = 0.2
PATIENCE_SECONDS = 120


@dataclass
class Watched:
    """The result of polling a run's status URL: the last status, and each custom status once, in order."""

    status: dict[str, Any] = field(default_factory=dict)
    custom: list[dict[str, Any]] = field(default_factory=list)


class App:
    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def start(self, report: str, file: Path, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Post the file; return the durable status payload of the 202."""
        url = f"{self._url}/api/reports/{report}"
        payload: dict[str, Any]
        status, payload = post_file(url, file.read_bytes(), self._key, {"filename": file.name, **(query or {})})
        if status != 202:
            raise LocalError(f"The start was answered with {status}, not with 202: {payload}")
        return payload

    def rejects(self, run: str) -> str:
        """Return the rejected rows as CSV."""
        return get_text(f"{self._url}/api/runs/{run}/rejects", self._key)


def watch(status_url: str, show: Callable[[dict[str, Any]], None]) -> Watched:
    """Poll the durable status URL until the run has ended; `show` gets the custom status each time."""
    watched = Watched()
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        watched.status = get(status_url)
        custom = watched.status.get("customStatus")
        if custom:
            show(custom)
        if custom and custom not in watched.custom:
            watched.custom.append(custom)
        if watched.status["runtimeStatus"] in ENDED:
            return watched
        time.sleep(EVERY_SECONDS)
    state = watched.status.get("runtimeStatus")
    raise LocalError(
        f"The run was still {state} after {PATIENCE_SECONDS} s; the last status was {watched.custom[-1:]}."
    )
