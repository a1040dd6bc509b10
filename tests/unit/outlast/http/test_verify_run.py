import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.problem import answering
from outlast.http.verify_run import VerifyRun
from tests.fakes.correcting import go_on, reviser_of
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.reports import WITH_MIRROR, WITH_SNAPSHOT, make_csv
from tests.fakes.world import World


def verify(world: World, client: FakeClient | None = None, run: str = "r1", **params: str) -> func.HttpResponse:
    verify_run = VerifyRun(
        runs=world.runs, reports=world.reports, snapshots=world.snapshots, reviser=reviser_of(world)
    ).verify_run
    verifying = answering(verify_run)
    return finish(verifying(ask(f"runs/{run}/verify", params=params, run=run), client or FakeClient()))


def make(reports: Any = None, **fields: Any) -> World:
    world = World(reports=reports) if reports else World()
    asyncio.run(world.run(make_csv(30), **fields))
    return world


def test_a_completed_run_is_verified_later() -> None:
    """Nothing is stored again; what was changed since is found, told by an email, and in the receipt."""
    world, client = make(), FakeClient()
    documents = world.transport.documents("sales")
    key = next(key for key in documents if key[1] == "s0007.0")
    documents[key] = {**documents[key], "amount": -1}
    sent = len(world.transport.sent)
    response = verify(world, client, level="content")
    assert (response.status_code, read(response)["run"]["state"], len(client.started)) == (202, "queued", 1)
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["verified"]["equal"], receipt["verified"]["different"], receipt["revision"]) == (29, 1, 1)
    assert (receipt["documents_written"], documents[key]["amount"]) == (30, -1)
    assert len(world.transport.sent) - sent < sent + 3
    record = world.runs.records["r1"]
    assert (record.status.state, record.open, len(world.mailer.emails)) == ("completed", False, 1)


def test_each_verification_looks_again() -> None:
    """A second verification reads the documents once more and has a receipt of its own."""
    world = make(verify="counts")
    first = world.runs.records["r1"].result.receipt or {}
    verify(world, level="content")
    second = asyncio.run(go_on(world)).output
    assert (first["verified"]["level"], second["verified"]["level"]) == ("counts", "content")
    assert second["verified"]["request_units"] > 0


def test_a_snapshot_that_is_published_can_be_verified() -> None:
    """The generation stays published while its documents are read."""
    world = make(WITH_SNAPSHOT, report="stock", mode="snapshot")
    header = world.snapshots.headers["stock"]
    verify(world, level="content")
    assert asyncio.run(go_on(world)).output["verified"]["equal"] == 30
    assert world.snapshots.headers["stock"].current == header.current


@pytest.mark.parametrize(
    ("changes", "status"), [({"state": "storing"}, 409), ({"state": "failed"}, 409), ({"removed": "2026-01-01"}, 410)]
)
def test_only_a_completed_run_is_verified(changes: dict[str, Any], status: int) -> None:
    """A run that is at work, has failed or has no files is refused."""
    world = make()
    world.runs.set("r1", **changes)
    assert verify(world, level="content").status_code == status


def test_drift_is_looked_for_by_a_start_of_a_mirror_report() -> None:
    """Of another report drift is a 400; of a mirror report the 409 says what to do instead."""
    assert verify(make(), level="drift").status_code == 400
    response = verify(make(WITH_MIRROR, report="shelf", mode="mirror"), level="drift")
    assert response.status_code == 409
    assert "start it again with the whole input and verify=drift" in response.get_body().decode()


def test_the_level_and_the_run_must_be_known() -> None:
    """An unknown level is a 400, and an unknown run a 404."""
    assert (verify(make()).status_code, verify(make(), level="all").status_code) == (400, 400)
    assert verify(World(), level="counts").status_code == 404
