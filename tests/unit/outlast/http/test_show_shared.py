import asyncio
from datetime import timedelta

import pytest

from outlast.links import Link
from outlast.staging import reject_files
from outlast.staging.store import Staging
from tests.fakes.http import read
from tests.fakes.reports import make_csv
from tests.fakes.sharing import RUN, Sharing

ATTACK = "<script>alert(1)</script>"


def test_a_link_shows_its_run_as_json() -> None:
    """The JSON has state, totals and receipt of the run, the orchestration's status and the end of the link."""
    sharing = Sharing().run(make_csv(3))
    response = sharing.show(sharing.token())
    shown = read(response)
    assert response.status_code == 200
    assert (shown["run"]["id"], shown["run"]["state"]) == (RUN, "completed")
    assert shown["run"]["receipt"]["rows_read"] == 3
    assert shown["rejectsUri"] is None
    assert shown["expires"] > sharing.world.clock.now().isoformat()
    assert set(shown["status"]) == {"runtimeStatus", "customStatus"}


def test_a_link_shows_nothing_of_the_caller() -> None:
    """Neither parameters nor file names nor who works on the run are shown, as JSON or as a page."""
    secrets = {"filename": "s3cret.csv", "parameters": {"x": "s3cret"}, "owner": "s3cret", "reference": "s3cret"}
    sharing = Sharing().accept(**secrets)
    for accept in ("application/json", "text/html"):
        assert b"s3cret" not in sharing.show(sharing.token(), accept).get_body()


def test_a_browser_gets_a_page() -> None:
    """The page says what the JSON says, may load and run nothing, and does not pass its address on."""
    sharing = Sharing().run(make_csv(3))
    response = sharing.show(sharing.token(), "text/html,*/*;q=0.8")
    body = response.get_body().decode()
    assert "The report sales is completed." in body
    assert "3 documents" in body
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert '<a href="../ui#/shared/' in body
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "<script" not in body


def test_every_text_of_a_page_is_escaped() -> None:
    """A failure that has markup in it is shown as text."""
    failure = {"step": "generate_report", "chunk": None, "text": ATTACK}
    sharing = Sharing().accept(state="failed", failure=failure)
    body = sharing.show(sharing.token(), "text/html").get_body().decode()
    assert ATTACK not in body
    assert "&lt;script&gt;" in body


def test_rejects_are_shown_only_by_a_link_that_was_made_for_them() -> None:
    """A link with rejects names them on the page and leads to all of them; another link shows their number alone."""
    sharing = Sharing().run(make_csv(3, bad=[1]), tolerated_rejects=1)
    plain, rich = sharing.token(), sharing.token(rejects=True)
    assert "First rejects" not in sharing.show(plain, "text/html").get_body().decode()
    assert "First rejects" in sharing.show(rich, "text/html").get_body().decode()
    assert read(sharing.show(rich))["rejectsUri"].endswith(f"/api/shared/{rich}/rejects")


@pytest.mark.parametrize("token", ["", "x", "A" * 82, "A" * 5000])
def test_a_token_that_was_not_made_here_reads_nothing(token: str) -> None:
    """Any other token gets 404, and no record is read for it."""
    sharing = Sharing().accept()
    before = sharing.world.runs.reads
    assert sharing.show(token).status_code == 404
    assert sharing.world.runs.reads == before


def test_a_link_that_has_ended_opens_nothing() -> None:
    """From its end on a link gets 410."""
    sharing = Sharing().accept()
    token = sharing.token(days=1)
    sharing.world.clock.advance(timedelta(days=3).total_seconds())
    assert sharing.show(token).status_code == 410


def test_a_link_that_was_revoked_opens_nothing() -> None:
    """A link of another version than the record's gets 410."""
    sharing = Sharing().accept(link_version=1)
    assert sharing.show(sharing.token(version=0)).status_code == 410
    assert sharing.show(sharing.token(version=1)).status_code == 200


def test_a_link_of_a_run_that_is_not_kept_says_so() -> None:
    """A link whose run was removed gets 404."""
    sharing = Sharing()
    token = sharing.links.token(Link("f" * 32, 0, sharing.links.until(sharing.world.clock.now())))
    assert sharing.show(token).status_code == 404


RECEIPT = {
    "rows_read": 3,
    "files": [{"path": "s3cret.csv", "rows_before": 0}],
    "reading": {"member": "s3cret.csv"},
    "verified": {
        "level": "content",
        "documents": 3,
        "missing": 0,
        "different": 1,
        "differences": [{"row": 1, "id": "document-17"}],
    },
}


def test_a_receipt_names_no_files_and_no_documents() -> None:
    """The receipt of a link is without the input's files, and has ids of documents only where rows are opened."""
    sharing = Sharing().accept(state="completed", receipt=RECEIPT)
    for accept in ("application/json", "text/html"):
        plain, rich = (sharing.show(sharing.token(rejects=rejects), accept).get_body() for rejects in (False, True))
        assert b"s3cret" not in plain + rich
        assert b"rows_read" in plain
        assert (b"document-17" in plain, b"document-17" in rich) == (False, True)


def test_rejects_that_take_too_long_to_find_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of a link comes without rejects where the storage does not answer in time, and asks for none where no
    row was rejected."""
    asked = list[str]()

    async def hangs(_: Staging, path: str) -> bytes:
        asked.append(path)
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(reject_files, "LOOK_SECONDS", 0.01)
    for bad in ([1], []):
        sharing = Sharing().run(make_csv(3, bad=bad), tolerated_rejects=1)
        with monkeypatch.context() as patched:
            patched.setattr(Staging, "need", hangs)
            page = sharing.show(sharing.token(rejects=True), "text/html")
        assert (page.status_code, bool(asked)) == (200, bool(bad))
        asked.clear()
