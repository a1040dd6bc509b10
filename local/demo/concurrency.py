"""Counts how many lanes of a run worked at once, from the histories that the management API keeps."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from local.json_calls import get

Span = tuple[str, str]  # when a lane started and ended, ISO 8601 in UTC: they sort as text


def most_lanes_at_once(status_url: str, run: str) -> int:
    """Count the lanes of a run that has ended. A lane works from its first recorded event to its last."""
    spans = [span_of(get(url)) for url in lane_urls(status_url, run)]
    return most_at_once(spans)


def lane_urls(status_url: str, run: str) -> Iterable[str]:
    """Yield the status URL of each lane, with its history. Lanes are the instances
    `{run}:{attempt}:{phase}{wave}-{lane}`."""
    address = urlsplit(status_url)
    base = address.path.rpartition("/")[0]
    found = get(_url(address.path.rpartition("/")[0], status_url, instanceIdPrefix=f"{run}:", top="10000"))
    for instance in found:
        if re.fullmatch(r".+:\d+:[a-z]+\d+-\d+", instance["instanceId"]):
            yield _url(f"{base}/{quote(instance['instanceId'], safe='')}", status_url, showHistory="true")


def span_of(status: dict[str, Any]) -> Span:
    times = sorted(event["Timestamp"] for event in status["historyEvents"])
    return times[0], times[-1]


def most_at_once(spans: Iterable[Span]) -> int:
    """Return the largest number of spans that overlap. An end counts before a start at the same instant, so that spans
    that follow each other do not overlap."""
    steps = sorted((time, step) for start, end in spans for time, step in ((start, 1), (end, -1)))
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def _url(path: str, status_url: str, **query: str) -> str:
    """Return another URL of the same management API, with the same key."""
    address = urlsplit(status_url)
    return urlunsplit(address._replace(path=path, query=f"{address.query}&{urlencode(query)}"))
