from typing import Any

import pytest

from local.console import LocalError
from local.demo import main_job as demo
from local.demo.running import Watched
from outlast_cli.runs import Run
from tests.unit.outlast_cli.shown import shown

PARTS: Any = type("Parts", (), {"inbox": type("Inbox", (), {"url": "http://inbox"})})
MAIL = {"from": "a@example.com", "to": ["you@example.com"], "subject": "Failed", "text": "Row 3 was bad."}


@pytest.mark.parametrize(
    ("mails", "reason"),
    [([], "0 mails arrived"), ([MAIL, MAIL], "2 mails arrived"), ([MAIL | {"to": ["x@example.com"]}], "went to")],
)
def test_the_demo_wants_one_mail_to_the_right_address(
    monkeypatch: pytest.MonkeyPatch, mails: list[dict[str, Any]], reason: str
) -> None:
    """The demo fails if no email, two emails, or one to another address arrives."""
    monkeypatch.setattr(demo, "wait_for_mails", lambda url: mails)
    with pytest.raises(LocalError, match=reason):
        demo.mail_arrives(PARTS, "you@example.com")


def test_the_mail_is_shown_as_it_came(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo prints the email with its head and text and returns its subject and address."""
    monkeypatch.setattr(demo, "wait_for_mails", lambda url: [MAIL])
    facts = demo.mail_arrives(PARTS, "you@example.com")
    assert facts == {"mails": 1, "mail_subject": "Failed", "mail_to": "you@example.com"}
    assert "| Subject: Failed" in capsys.readouterr().out


def test_the_demo_wants_progress_and_lanes() -> None:
    """The demo fails with fewer than three statuses or with one lane at a time."""
    three, run = ["reading", "generating", "storing"], Run.of(shown())
    assert demo.how_it_went(Watched({}, run, three), 2) == {"distinct_statuses": 3, "most_lanes_at_once": 2}
    with pytest.raises(LocalError, match="only 2 different statuses"):
        demo.how_it_went(Watched({}, run, three[:2]), 2)
    with pytest.raises(LocalError, match="only 1 lane"):
        demo.how_it_went(Watched({}, run, three), 1)
