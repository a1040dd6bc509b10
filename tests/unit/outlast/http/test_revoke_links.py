import pytest

from outlast.http.problem import answering
from outlast.http.revoke_links import RevokeLinks
from tests.fakes.http import ask, finish
from tests.fakes.sharing import RUN, Sharing


def revoke(sharing: Sharing, run: str = RUN) -> int:
    revoking = answering(RevokeLinks(sharing.world.runs).revoke_links)
    headers = {"X-MS-CLIENT-PRINCIPAL-NAME": "ann@x.org"}
    status: int = finish(revoking(ask(f"runs/{run}/links", headers=headers, run=run))).status_code
    return status


@pytest.mark.parametrize("state", ["queued", "storing", "failing", "failed", "completed"])
def test_links_are_revoked_in_every_state(state: str) -> None:
    """A link that was given opens nothing any more, and one that is made later opens the run."""
    sharing = Sharing().accept(state=state)
    given = sharing.token()
    assert revoke(sharing) == 204
    assert sharing.show(given).status_code == 410
    assert sharing.show(sharing.token(version=1)).status_code == 200


def test_who_revoked_is_in_the_events() -> None:
    """The run's history has the name that Azure's authentication says."""
    sharing = Sharing().accept(state="completed")
    revoke(sharing)
    event = sharing.world.runs.records[RUN].result.events[-1]
    assert (event["event"], event["by"]) == ("links_revoked", "ann@x.org")


def test_a_run_that_is_not_there_has_no_links() -> None:
    """An unknown run gets 404."""
    assert revoke(Sharing(), "f" * 32) == 404
