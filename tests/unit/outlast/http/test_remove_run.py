import asyncio
from collections.abc import Mapping
from typing import Any

import azure.functions as func
import pytest

from outlast.cosmos.snapshots.header import Generation, Header
from outlast.errors import Transient
from outlast.http.problem import answering
from outlast.http.remove_run import RemoveRun
from outlast.http.show_run import ShowRun
from outlast.report import Report
from outlast.runs.ids import compensation_id, lane_id, removal_id, run_of_key, wave_id
from outlast.runs.mirror_claims import MirrorClaims
from outlast.runs.record import OUTCOMES
from outlast.staging.removal import RunRemover
from outlast.staging.store import Staging
from tests.fakes.app_documents import SECRET_OF_TESTS
from tests.fakes.ended import end_run, instances_of, staged
from tests.fakes.endpoints import start_endpoint
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.reports import WITH_MIRROR, WITH_SNAPSHOT, make_csv
from tests.fakes.world import World
from tests.unit.outlast.http.test_start_once import RUN, Starts


def remove(world: World, client: FakeClient, run: str = "r1") -> func.HttpResponse:
    removing = RemoveRun(
        runs=world.runs,
        remover=RunRemover(world.staging),
        seats=world.admission.seats,
        claims=MirrorClaims(world.documents, world.runs, world.clock.now),
        deadlines=world.deadlines,
    )
    return finish(answering(removing.remove_run)(ask(f"runs/{run}", run=run), client))


def ended(**fields: Any) -> tuple[World, FakeClient]:
    world, client = World(), FakeClient()
    end_run(world, client, **fields)
    return world, client


@pytest.mark.parametrize("state", ["completed", *OUTCOMES])
def test_nothing_is_left_of_a_removed_run(state: str) -> None:
    """Files, record, histories and seat of a run that has ended in any state are gone, and those of others stay."""
    world, client = ended(state=state, attempt=3)
    end_run(world, client, "r10")
    asyncio.run(world.admission.seats.add("r1"))
    response = remove(world, client)
    assert (response.status_code, response.get_body()) == (204, b"")
    assert (staged(world), set(world.runs.records)) == ({"r10"}, {"r10"})
    assert set(client.shown) == set(instances_of("r10"))
    assert asyncio.run(world.admission.seats.taken()) == ()


def test_a_removed_mirror_run_lets_the_next_one_start() -> None:
    """The claim of a removed run goes with its record, and that of another report stays."""
    world, client = ended(mode="mirror")
    claims = MirrorClaims(world.documents, world.runs, world.clock.now)
    assert [asyncio.run(claims.take(*each)) for each in (("sales", "r1"), ("shelf", "r7"))] == [None, None]
    remove(world, client)
    assert [asyncio.run(claims.take(report, "r2")) for report in ("sales", "shelf")] == [None, "r7"]


def test_a_removed_run_is_unknown() -> None:
    """A removed run gets 404 from a show and from the next removal."""
    world, client = ended()
    remove(world, client)
    assert remove(world, client).status_code == 404
    shown = finish(answering(ShowRun(world.runs).show_run)(ask("runs/r1", run="r1"), client))
    assert shown.status_code == 404


@pytest.mark.parametrize("run", ["r2", "..", "app:secret"])
def test_an_unknown_run_is_404(run: str) -> None:
    """The removal of an unknown run gets 404 and removes nothing."""
    world, client = ended()
    assert remove(world, client, run).status_code == 404
    assert (staged(world), set(world.runs.records)) == ({"r1"}, {"r1"})


@pytest.mark.parametrize(
    "fields",
    [
        *({"state": state} for state in ("queued", "accepted", "reading", "storing", "publishing", "failing")),
        {"state": "failed", "pending": ["email"]},
    ],
)
def test_an_open_run_cannot_be_removed(fields: dict[str, Any]) -> None:
    """A run that has not ended, or has a pending step, gets 409 and keeps everything."""
    world, client = ended(**fields)
    response = remove(world, client)
    assert (response.status_code, read(response)["field"]) == (409, "run")
    assert (staged(world), set(world.runs.records)) == ({"r1"}, {"r1"})
    assert set(client.shown) == set(instances_of("r1"))


@pytest.mark.parametrize("instance", ["r1", compensation_id("r1", 1), removal_id("r1")])
@pytest.mark.parametrize("status", ["Running", "Pending", "Suspended"])
def test_a_run_whose_orchestration_has_not_ended_cannot_be_removed(instance: str, status: str) -> None:
    """While an orchestration of an ended run is at work the removal gets 409 and removes nothing."""
    world, client = ended()
    client.shown[instance] = {"runtimeStatus": status}
    response = remove(world, client)
    assert response.status_code == 409
    assert instance in read(response)["detail"]
    assert (staged(world), len(client.shown)) == ({"r1"}, len(instances_of("r1")))


def test_a_lane_that_has_not_ended_keeps_the_record() -> None:
    """A lane that still runs gets 503, and the removal is done by a repeat when the lane has ended."""
    world, client = ended()
    lane = lane_id(wave_id("r1", 1, "store", 0), 31)
    client.shown[lane] = {"runtimeStatus": "Running"}
    assert remove(world, client).status_code == 503
    assert set(world.runs.records) == {"r1"}
    client.shown[lane] = {"runtimeStatus": "Completed"}
    assert remove(world, client).status_code == 204
    assert (client.shown, staged(world)) == ({}, set())


class Killed(BaseException):
    """The process dies."""


class Dying(FakeClient):
    """Dies at a purge when so many instances are left."""

    at = -1

    async def purge_instance_history(self, instance_id: str) -> Any:
        if len(self.shown) == self.at:
            self.at = -1
            raise Killed
        return await super().purge_instance_history(instance_id)


@pytest.mark.parametrize("left", range(1, len(instances_of("r1")) + 1))
def test_a_removal_that_dies_is_repeated(left: int) -> None:
    """Wherever a removal dies, the record is left, and the same call removes the rest."""
    world, client = World(), Dying()
    end_run(world, client)
    client.at = left
    with pytest.raises(Killed):
        remove(world, client)
    assert set(world.runs.records) == {"r1"}
    assert remove(world, client).status_code == 204
    assert (client.shown, staged(world), world.runs.records) == ({}, set(), {})


class Slow(Staging):
    """A storage that needs so many seconds for each file that it deletes."""

    world: World
    seconds = 0.0

    async def delete(self, path: str) -> None:
        self.world.clock.advance(self.seconds)
        await super().delete(path)


def test_a_removal_ends_long_before_the_host_gives_it_up() -> None:
    """A removal that takes long gets 202 with the record, and is done by repeats."""
    world, client = World(), FakeClient()
    world.staging = slow = Slow("memory:///")
    slow.world, slow.seconds = world, 30.0
    end_run(world, client)
    response = remove(world, client)
    assert (response.status_code, response.headers["Retry-After"]) == (202, "1")
    assert read(response)["run"]["id"] == "r1"
    slow.seconds = 0.0
    assert remove(world, client).status_code == 204
    assert (client.shown, staged(world), world.runs.records) == ({}, set(), {})


def test_a_run_that_changes_meanwhile_keeps_its_record() -> None:
    """A record that changes while the run is removed is not deleted, and the caller repeats the call."""
    world, client = ended()

    def change() -> None:
        if world.runs.records["r1"].status.removing:
            world.runs.set("r1", attempt=2)

    world.runs.before_write = change
    assert remove(world, client).status_code == 503
    assert world.runs.records["r1"].status.attempt == 2


def test_a_host_without_an_answer_is_503() -> None:
    """Where the durable client fails nothing is removed but the files, and the call can be repeated."""
    world, client = ended()
    client.error = Transient("no answer")
    assert remove(world, client).status_code == 503
    assert set(world.runs.records) == {"r1"}


def test_the_key_of_a_removed_run_starts_a_new_run() -> None:
    """After the removal the same Idempotency-Key starts a run again, under the same id."""
    starts = Starts()
    starts.post()
    starts.world.runs.set(RUN, state="completed")
    starts.client.shown[RUN] = {"runtimeStatus": "Completed"}
    assert remove(starts.world, starts.client, RUN).status_code == 204
    assert starts.post().status_code == 202
    assert [run for _, run, _ in starts.client.started] == [RUN, RUN]
    assert starts.world.runs.records[RUN].status.state == "queued"


@pytest.mark.parametrize(("report", "reports"), [("stock", WITH_SNAPSHOT), ("shelf", WITH_MIRROR)])
@pytest.mark.parametrize(("current", "previous"), [("r9", True), (None, False)])
def test_the_key_of_a_run_whose_documents_are_kept_is_refused(
    current: str | None, previous: bool, report: str, reports: Mapping[str, Report[Any]]
) -> None:
    """A new run under the id of a generation that readers may have would change it, and one under that of a mirror run
    would not be compared with it, so the key gets 409 until the header names it no more."""
    starts, run = Starts(), run_of_key(report, "k1", SECRET_OF_TESTS)
    starts.world.reports = reports
    starts.handler = answering(start_endpoint(starts.world, starts.new_id))
    own = Generation(run, "2026")
    header = Header(report, Generation(current, "2027") if current else own, 1, "2027", (own,) if previous else ())
    starts.world.snapshots.headers[report] = header

    def post() -> func.HttpResponse:
        asked = ask(f"reports/{report}", make_csv(1), "text/csv", None, {"Idempotency-Key": "k1"}, report=report)
        return finish(starts.handler(asked, starts.client))

    response = post()
    assert (response.status_code, read(response)["run"]) == (409, run)
    assert (starts.world.runs.records, staged(starts.world)) == ({}, set())
    starts.world.snapshots.headers[report] = Header(report, Generation("r9", "2027"), 1, "2027")
    assert post().status_code == 202


def test_links_of_a_removed_run_open_no_later_run_of_its_id() -> None:
    """The links of a run with a key have the version of its acceptance, so those of the removed run are revoked."""
    starts, versions = Starts(), list[int]()
    for _ in range(2):
        starts.post()
        versions.append(starts.world.runs.records[RUN].status.link_version)
        starts.world.runs.set(RUN, state="completed")
        starts.client.shown[RUN] = {"runtimeStatus": "Completed"}
        assert remove(starts.world, starts.client, RUN).status_code == 204
        starts.world.clock.advance(1)
    assert versions[1] == versions[0] + 1
