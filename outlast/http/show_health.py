"""GET /api/health: whether a run could be done now. The endpoint is anonymous, so answers hold no secret."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func
import orjson
from azure.core.exceptions import AzureError
from obstore.exceptions import BaseError

from outlast.cosmos.client import Cosmos
from outlast.cosmos.errors import translated
from outlast.errors import OutlastError, Permanent
from outlast.mail import missing_setting
from outlast.models import RUNS_CONTAINER
from outlast.report import Report
from outlast.settings import Settings
from outlast.staging.stopped_code import StoppedCode
from outlast.staging.store import Staging

KEPT_SECONDS = 5.0
"""How long an answer is repeated. Anyone can call the endpoint, and each check costs requests."""
CHECK_SECONDS = 10.0

HELP = {
    "database": "check COSMOS_ENDPOINT, COSMOS_KEY or the identity's role, and COSMOS_DATABASE",
    "staging": "check STAGING_URL, and that the app may write there",
    "mail": "set SENDGRID_API_KEY, MAIL_FROM and MAIL_TO",
    "reports": "correct the report; the log and the run's rejects name the row",
}


@dataclass(slots=True)
class ShowHealth:
    settings: Settings
    reports: Mapping[str, Report[Any]]
    cosmos: Cosmos
    staging: Staging
    clock: Callable[[], float]
    stopped: StoppedCode
    _kept: tuple[float, dict[str, Any]] | None = field(default=None)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def show_health(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{status: ok|failing, checks: {database, staging, mail, reports: {ok, problem, warning, help}}}`; 503 when a
        check fails. A warning is no failure."""
        checks = await self._newest()
        ok = all(check["ok"] for check in checks.values())
        body = {"status": "ok" if ok else "failing", "checks": checks}
        return func.HttpResponse(orjson.dumps(body), status_code=200 if ok else 503, mimetype="application/json")

    async def _newest(self) -> dict[str, Any]:
        """The kept results, or new ones. Requests that come during a check wait for it and share its results."""
        async with self._one_at_a_time:
            if self._kept is None or self.clock() - self._kept[0] > KEPT_SECONDS:
                self._kept = (self.clock(), await self._checks())
            return self._kept[1]

    async def _checks(self) -> dict[str, Any]:
        checks = {"database": self._database, "staging": self._staging, "mail": self._mail, "reports": self._reports}
        results = await asyncio.gather(*(_checked(name, check) for name, check in checks.items()))
        return dict(zip(checks, results, strict=True))

    async def _database(self) -> None:
        database = await self.cosmos.database()
        used = [name for report in self.reports.values() for name in (report.container, *report.reads)]
        for container in dict.fromkeys([RUNS_CONTAINER, *used]):
            with translated(f"the container {container}", container):
                await database.get_container_client(container).read()

    async def _staging(self) -> None:
        await self.staging.put("health", b"ok")

    async def _mail(self) -> None:
        settings = self.settings
        if missing := missing_setting(settings.sendgrid_api_key, settings.mail_from, settings.mail_to):
            raise Permanent(f"{missing} is not set")

    async def _reports(self) -> str | None:
        """A warning for an hour after code of a report was stopped. Runs go on, so this is no failure."""
        try:
            found = await self.stopped.recent()
        except (BaseError, OSError, OutlastError):
            return None  # the check of staging says why
        if found is not None:
            return f"{found['step']} of {found['report']} had to be stopped at {found['at']}, because it did not return"
        return None


async def _checked(name: str, check: Callable[[], Awaitable[str | None]]) -> dict[str, Any]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            warning = await check()
    except OutlastError as error:
        return {"ok": False, "problem": str(error), "help": HELP[name]}
    except (AzureError, BaseError, OSError, TimeoutError) as error:
        return {"ok": False, "problem": f"no usable answer ({type(error).__name__})", "help": HELP[name]}
    return {"ok": True, "warning": warning, "help": HELP[name]} if warning else {"ok": True}
