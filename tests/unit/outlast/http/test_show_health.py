import asyncio
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from outlast.adapters import mailer_of
from outlast.errors import Permanent
from outlast.http.health_checks import (
    HELP,
    Check,
    DatabaseCheck,
    MailCheck,
    ReportsCheck,
    RunsCheck,
    StagingCheck,
)
from outlast.http.show_health import KEPT_SECONDS, ShowHealth
from outlast.settings import Settings, read_settings
from outlast.staging.stopped_code import StoppedCode
from outlast.staging.store import Staging
from tests.fakes.clock import ManualClock
from tests.fakes.cosmos import FakeCosmos
from tests.fakes.http import ask, read
from tests.fakes.records import make_record
from tests.fakes.reports import Sales
from tests.fakes.runs import FakeRuns

SECRETS = {"COSMOS_KEY": "c0sm0s-s3cret", "SENDGRID_API_KEY": "SG.s3cret"}
OWNER = "app/Outlast@st"
COMPLETE = {**SECRETS, "MAIL_FROM": "a@x.org", "MAIL_TO": "b@x.org"}


class Reading(Sales):
    reads = {"shops": "/id"}  # noqa: RUF012  # as users write it


class House:
    """An app whose health is asked for."""

    def __init__(
        self, cosmos: FakeCosmos | None = None, staging: str = "memory:///", settings: Settings | None = None
    ) -> None:
        self.clock, self.runs = ManualClock(), FakeRuns()
        location = Staging(staging)
        self.stopped = StoppedCode(location, self.clock.now)
        checks: dict[str, Check] = {
            "database": DatabaseCheck(cosmos or FakeCosmos(), {"sales": Reading()}).check,
            "staging": StagingCheck(location).check,
            "mail": MailCheck(mailer_of(settings or read_settings(COMPLETE))).check,
            "reports": ReportsCheck(self.stopped).check,
            "runs": RunsCheck(self.runs, OWNER).check,
        }
        self.health = ShowHealth(checks, self.clock)


def make(**parts: Any) -> tuple[ShowHealth, ManualClock]:
    house = House(**parts)
    return house.health, house.clock


def check(health: ShowHealth) -> tuple[int, Any]:
    response = asyncio.run(health.show_health(ask("health")))
    return response.status_code, read(response)


def test_all_is_well() -> None:
    """An app whose checks all pass answers 200."""
    status, body = check(make()[0])
    assert (status, body["status"]) == (200, "ok")
    assert body["checks"] == {name: {"ok": True} for name in ("database", "staging", "mail", "reports", "runs")}


def test_code_that_had_to_be_stopped_is_told_for_an_hour() -> None:
    """The answer stays 200 and names the report and the step, because runs go on; it has no run's id."""
    house = House()
    health, clock = house.health, house.clock
    asyncio.run(house.stopped.note("sales", "generate_report"))
    status, body = check(health)
    assert (status, body["status"]) == (200, "ok")
    assert body["checks"]["reports"] == {
        "ok": True,
        "warning": f"generate_report of sales had to be stopped at {clock.now().isoformat(timespec='seconds')}, "
        "because it did not return",
        "help": HELP["reports"],
    }
    clock.advance(3601)
    assert check(health)[1]["checks"]["reports"] == {"ok": True}


def test_the_open_runs_of_another_owner_are_counted() -> None:
    """The answer stays 200, because only a person knows whether the app was moved, and names no owner to strangers."""
    house = House()
    for run, owner in (("r1", OWNER), ("r2", "old/Outlast@st"), ("r3", "old/Outlast@st")):
        asyncio.run(house.runs.create(make_record(id=run, owner=owner)))
    status, body = check(house.health)
    assert status == 200
    assert body["checks"]["runs"]["warning"] == "open runs that belong to another app or task hub: 2"


def test_a_container_with_another_partition_key_is_red() -> None:
    """The problem names the partition key of the container and that of the report, and no setting to check."""
    cosmos = FakeCosmos()
    cosmos.partition_keys = {"sales": "/region"}
    code, body = check(make(cosmos=cosmos)[0])
    problem = body["checks"]["database"].pop("problem")
    assert (code, body["checks"]["database"]) == (503, {"ok": False})
    assert "container sales has the partition key /region" in problem
    assert "partition key /shop" in problem


@pytest.mark.parametrize("container", ["runs", "sales", "shops"])
@pytest.mark.parametrize(("status", "problem"), [(404, "does not exist; create it"), (403, "refuses the container")])
def test_a_container_that_does_not_answer_is_red(container: str, status: int, problem: str) -> None:
    """A failing check names the container, of run records or of a report, and what to do about it."""
    cosmos = FakeCosmos()
    cosmos.statuses = {container: status}
    code, body = check(make(cosmos=cosmos)[0])
    assert (code, body["status"]) == (503, "failing")
    red = body["checks"]["database"]
    assert (red["ok"], red["help"]) == (False, HELP["database"])
    assert container in red["problem"]
    assert problem in red["problem"]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (Permanent("COSMOS_ENDPOINT is not set"), "COSMOS_ENDPOINT is not set"),
        (ServiceRequestError("no route to host c0sm0s-s3cret"), "no usable answer (ServiceRequestError)"),
        (TimeoutError(), "no usable answer (TimeoutError)"),
    ],
)
def test_a_database_that_cannot_be_reached_is_red(error: Exception, problem: str) -> None:
    """The text of a library's error is not repeated, because it may contain secrets."""
    cosmos = FakeCosmos()
    cosmos.error = error
    assert check(make(cosmos=cosmos)[0])[1]["checks"]["database"]["problem"] == problem


@pytest.mark.parametrize("url", ["", "file:///proc/nowhere"])
def test_a_staging_location_that_cannot_be_written_is_red(url: str) -> None:
    """A staging location that is missing or not writable fails its check and gets its help text."""
    code, body = check(make(staging=url)[0])
    assert code == 503
    assert not body["checks"]["staging"]["ok"]
    assert body["checks"]["staging"]["help"] == HELP["staging"]
    assert body["checks"]["reports"] == {"ok": True}
    assert body["checks"]["database"]["ok"]


@pytest.mark.parametrize("name", ["SENDGRID_API_KEY", "MAIL_FROM", "MAIL_TO"])
def test_a_missing_mail_setting_is_red(name: str) -> None:
    """Each missing mail setting fails the check by its name."""
    code, body = check(make(settings=read_settings({**COMPLETE, name: ""}))[0])
    assert code == 503
    assert body["checks"]["mail"] == {"ok": False, "problem": f"{name} is not set", "help": HELP["mail"]}


def test_an_answer_is_kept_for_a_moment() -> None:
    """The checks are not repeated within five seconds, because anyone can call the endpoint."""
    cosmos = FakeCosmos()
    health, clock = make(cosmos=cosmos)
    check(health)
    check(health)
    assert cosmos.asked == 1
    cosmos.statuses = {"runs": 404}
    assert check(health)[0] == 200
    clock.advance(KEPT_SECONDS + 0.1)
    assert check(health)[0] == 503
    assert cosmos.asked == 2


def test_requests_during_a_check_share_it() -> None:
    """Of 100 requests at once one checks, and all get its answer, because anyone can call the endpoint."""
    cosmos = FakeCosmos()
    health, clock = make(cosmos=cosmos)

    async def ask_many() -> set[int]:
        responses = await asyncio.gather(*(health.show_health(ask("health")) for _ in range(100)))
        return {response.status_code for response in responses}

    async def ask_twice() -> list[int]:
        asked = []
        for _ in range(2):
            assert await ask_many() == {200}
            asked.append(cosmos.asked)
            clock.advance(KEPT_SECONDS + 0.1)
        return asked

    assert asyncio.run(ask_twice()) == [1, 2]


def test_no_secret_is_shown() -> None:
    """No answer contains a secret, whether the checks pass or fail."""
    cosmos = FakeCosmos()
    cosmos.error = ServiceRequestError(SECRETS["COSMOS_KEY"])
    for health in (make()[0], make(cosmos=cosmos, staging="", settings=read_settings(SECRETS))[0]):
        assert not any(secret in str(check(health)) for secret in SECRETS.values())
