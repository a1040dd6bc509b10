from typing import Any

import pytest

from local.demo import concurrency as lanes

STATUS = "http://127.0.0.1:1/runtime/webhooks/durabletask/instances/R?taskHub=hub&code=key"


@pytest.mark.parametrize(
    ("spans", "most"),
    [
        ([], 0),
        ([("1", "2")], 1),
        ([("1", "2"), ("2", "3")], 1),
        ([("1", "4"), ("2", "3"), ("2", "5"), ("4", "6")], 3),
    ],
)
def test_lanes_are_counted_where_their_spans_overlap(spans: list[tuple[str, str]], most: int) -> None:
    """Lanes whose spans overlap count together, and lanes that follow each other count as one."""
    assert lanes.most_at_once(spans) == most


def test_only_lanes_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the lanes of a run's instances are asked for their histories, with the key of the status URL."""
    found = [{"instanceId": name} for name in ("R:1:generate0", "R:1:generate0-0", "R:1:generate0-11", "R:settle")]
    asked: list[str] = []

    def answer(url: str) -> Any:
        asked.append(url)
        return found

    monkeypatch.setattr(lanes, "get", answer)
    base = "http://127.0.0.1:1/runtime/webhooks/durabletask/instances"
    assert list(lanes.lane_urls(STATUS, "R")) == [
        f"{base}/R%3A1%3Agenerate0-{number}?taskHub=hub&code=key&showHistory=true" for number in (0, 11)
    ]
    assert asked == [f"{base}?taskHub=hub&code=key&instanceIdPrefix=R%3A&top=10000"]


def test_a_lane_spans_its_history() -> None:
    """A lane's span goes from its earliest event to its latest, whatever their order."""
    history = [{"Timestamp": "2026-01-01T00:00:02.5Z"}, {"Timestamp": "2026-01-01T00:00:01.5Z"}]
    assert lanes.span_of({"historyEvents": history}) == ("2026-01-01T00:00:01.5Z", "2026-01-01T00:00:02.5Z")
