"""What the app must know of the host that runs it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outlast.deadline import timeout_seconds


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What the app knows of its host, by the host's own rule: environment, else host.json, else the host's default."""

    environment: Mapping[str, str]
    app_folder: Path

    @property
    def function_timeout(self) -> float:
        """Seconds of `functionTimeout`."""
        return timeout_seconds(self._read("functionTimeout") or "00:05:00")

    @property
    def activity_slots(self) -> int:
        """Activities that one instance of the app runs at once."""
        return int(self._read("extensions", "durableTask", "maxConcurrentActivityFunctions") or 10)

    @property
    def workers(self) -> int:
        """Python processes in which one instance runs the app."""
        return int(self.environment.get("FUNCTIONS_WORKER_PROCESS_COUNT") or 1)

    @property
    def owner(self) -> str:
        """The app, its task hub and the storage account of that, as `app/hub@account`: where its orchestrations are."""
        app = self.environment.get("WEBSITE_SITE_NAME", "")
        hub = self._read("extensions", "durableTask", "hubName") or app or "TestHubName"
        return f"{app or 'local'}/{hub}@{self._account()}"

    def _account(self) -> str:
        """The name of the host's storage account, never its key."""
        connection = self.environment.get("AzureWebJobsStorage", "")
        parts = dict(part.split("=", 1) for part in connection.split(";") if "=" in part)
        return self.environment.get("AzureWebJobsStorage__accountName") or parts.get("AccountName") or "development"

    def _read(self, *path: str) -> str | None:
        if text := self.environment.get("__".join(("AzureFunctionsJobHost", *path))):
            return text
        host_json = self.app_folder / "host.json"
        found: Any = json.loads(host_json.read_text("utf-8-sig")) if host_json.exists() else {}
        for name in path:
            found = found.get(name, {})
        return self._resolved(str(found)) if found else None

    def _resolved(self, text: str) -> str:
        """host.json may name a variable: `%NAME%`."""
        return self.environment.get(text.strip("%"), "") if text.startswith("%") and text.endswith("%") else text
