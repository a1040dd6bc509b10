"""When a report's code last had to be stopped. It is a file, because other instances tell the app's health."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from outlast.models import Json
from outlast.staging.store import Staging

PATH = "stopped-code.json"
SHOWN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StoppedCode:
    staging: Staging
    now: Callable[[], datetime]

    async def note(self, report: str, step: str) -> None:
        found = {"report": report, "step": step, "at": self.now().isoformat(timespec="seconds")}
        await self.staging.put(PATH, orjson.dumps(found))

    async def recent(self) -> Json | None:
        """Report, step and time of the last one; None when that is more than an hour ago."""
        data = await self.staging.get(PATH)
        if data is None:
            return None
        found: Json = orjson.loads(data)
        return found if self.now() - datetime.fromisoformat(found["at"]) <= SHOWN else None
