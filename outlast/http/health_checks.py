"""What GET /api/health checks, one class each. A check raises what is wrong, or returns a warning or None."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from obstore.exceptions import BaseError

from outlast.cosmos.client import Cosmos
from outlast.cosmos.errors import translated
from outlast.cosmos.partition_key import check_partition_key
from outlast.errors import OutlastError, Permanent
from outlast.mail import Mailer
from outlast.models import RUNS_CONTAINER
from outlast.report import Report
from outlast.runs.store import Runs
from outlast.staging.stopped_code import StoppedCode
from outlast.staging.store import Staging


class Advised(Permanent):
    """A problem whose text says all that there is to do, so the check's help would lead elsewhere."""


Check = Callable[[], Awaitable[str | None]]
HELP = {
    "database": "check COSMOS_ENDPOINT, COSMOS_KEY or the identity's role, and COSMOS_DATABASE",
    "staging": "check STAGING_URL, and that the app may write there",
    "mail": "set SENDGRID_API_KEY or SMTP_URL, MAIL_FROM and MAIL_TO",
    "reports": "correct the report; the log and the run's rejects name the row",
    "runs": "if the app was moved, take them over: POST /api/take-over names their owners",
}


@dataclass(frozen=True, slots=True)
class DatabaseCheck:
    """Every container that the app uses is there, with the partition key of its report."""

    cosmos: Cosmos
    reports: Mapping[str, Report[Any]]

    async def check(self) -> None:
        database = await self.cosmos.database()
        used = [name for report in self.reports.values() for name in (report.container, *report.reads)]
        for container in dict.fromkeys([RUNS_CONTAINER, *used]):
            with translated(f"the container {container}", container):
                properties = await database.get_container_client(container).read()
            for report in self.reports.values():
                if report.container == container:
                    _check_key(properties, report)


def _check_key(properties: Mapping[str, Any], report: Report[Any]) -> None:
    try:
        check_partition_key(properties, report.partition_key)
    except Permanent as error:
        raise Advised(str(error)) from error


@dataclass(frozen=True, slots=True)
class StagingCheck:
    staging: Staging

    async def check(self) -> None:
        await self.staging.put("health", b"ok")


@dataclass(frozen=True, slots=True)
class MailCheck:
    mailer: Mailer

    async def check(self) -> None:
        if missing := self.mailer.missing:
            raise Permanent(f"{missing} is not set")


@dataclass(frozen=True, slots=True)
class ReportsCheck:
    """Warns for an hour after code of a report was stopped. Runs go on, so this is no failure."""

    stopped: StoppedCode

    async def check(self) -> str | None:
        try:
            found = await self.stopped.recent()
        except (BaseError, OSError, OutlastError):
            return None  # the check of staging says why
        if found is None:
            return None
        return f"{found['step']} of {found['report']} had to be stopped at {found['at']}, because it did not return"


@dataclass(frozen=True, slots=True)
class RunsCheck:
    """Warns while open runs belong to another app or task hub, which this app's sweep leaves alone.

    Anyone can read the answer, so it names none; POST /api/take-over does.
    """

    runs: Runs
    owner: str

    async def check(self) -> str | None:
        try:
            others = await self.runs.of_others(self.owner)
        except OutlastError:
            return None  # the check of the database says why
        return f"open runs that belong to another app or task hub: {sum(others.values())}" if others else None
