from pathlib import Path
from typing import Any

import pytest

from local.console import LocalError
from local.demo import client


def answering(monkeypatch: pytest.MonkeyPatch, *statuses: dict[str, Any]) -> None:
    """Let the status URL return these, one a call, without sleeping."""
    answers = iter(statuses)
    monkeypatch.setattr(client, "get", lambda url: next(answers))
    monkeypatch.setattr(client, "EVERY_SECONDS", 0)


def test_each_status_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watching shows every poll and keeps each custom status once, in order, until the run has ended."""
    reading, storing = {"phase": "reading"}, {"phase": "storing"}
    running = [{"runtimeStatus": "Running", "customStatus": status} for status in (None, reading, reading, storing)]
    answering(monkeypatch, *running, {"runtimeStatus": "Completed", "customStatus": storing, "output": 1})
    shown: list[dict[str, Any]] = []
    watched = client.watch("http://host/status", shown.append)
    assert watched.custom == [reading, storing]
    assert shown == [reading, reading, storing, storing]
    assert watched.status["output"] == 1


@pytest.mark.parametrize("state", ["Failed", "Terminated", "Canceled"])
def test_watching_ends_with_the_run(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """Watching ends when the run ends, in whatever state."""
    answering(monkeypatch, {"runtimeStatus": state, "customStatus": None})
    assert client.watch("http://host/status", lambda _: None).status["runtimeStatus"] == state


def test_watching_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watching a run that does not end in time raises LocalError with the last state."""
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(client, "EVERY_SECONDS", 0)
    monkeypatch.setattr(client, "get", lambda url: {"runtimeStatus": "Running", "customStatus": {"phase": "storing"}})
    with pytest.raises(LocalError, match=r"still Running .*storing"):
        client.watch("http://host/status", lambda _: None)


def test_only_202_is_a_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A start that gets another status than 202 raises LocalError."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    monkeypatch.setattr(client, "post_file", lambda url, data, key, query: (200, {"id": "R"}))
    with pytest.raises(LocalError, match="200, not with 202"):
        client.App("http://host", "key").start("flights", tmp_path / "a.csv")
