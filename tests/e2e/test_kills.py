"""Whole runs while host, workers and database are killed at random moments."""

import hashlib
import json
import os
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from outlast.models import MOST_ATTEMPTS, Totals
from outlast.runs.ids import run_of_key
from outlast.staging.paths import stored_path
from outlast.staging.stored import StoredChunk
from tests.e2e.local_command import eventually
from tests.e2e.stack import SECRET_OF_STACKS, Stack, copy_app, first_rows, running

KILLS = int(os.environ.get("SOAK_KILLS", "10"))  # the default suite's; a soak asks for more
SEED = int(os.environ.get("SOAK_SEED", "20260201"))
PER_ROUND = 10
VICTIMS = ["worker"] * (MOST_ATTEMPTS - 1) + ["database"] * 2 + ["host"] * 5
"""The processes that a round kills. Each worker that dies may cost every run an attempt, and a run has four."""
SETTINGS = {"AzureFunctionsJobHost__functionTimeout": "00:00:05", "FIRST_RETRY_SECONDS": "1"}
CRATES = Path(__file__).parent / "reports" / "crates.py"


def crates() -> bytes:
    """Rows in four chunks."""
    shelves = [f"s{number % 7}" for number in range(300)]
    padding = json.dumps({"padding": "x" * 3_000})
    rows = [{"id": str(n), "shelf": shelf, "content": shelf, "written": padding} for n, shelf in enumerate(shelves)]
    return b"\n".join(json.dumps(row).encode() for row in rows)


def leave_a_false_mark(stack: Stack, run: str) -> None:
    """Mark the last chunk as stored with no document, so that the counts do not add up and the publishing fails."""
    mark = stack.data / "staging" / stored_path(run, 3)
    mark.parent.mkdir(parents=True)
    mark.write_bytes(json.dumps(StoredChunk(0, 0, 0, Totals().to_dict()).to_dict()).encode())


@dataclass(frozen=True)
class Story:
    """A run and its expected end. `request_units` are the container's RU/s, so low that storing takes seconds."""

    report: str
    container: str
    partition_key: str
    request_units: int
    body: bytes
    ends: str

    @property
    def run(self) -> str:
        return run_of_key(self.report, "killed", SECRET_OF_STACKS)


STORIES = (
    Story("flight_delays", "flight-delays", "/carrier", 6_000, first_rows(4_000), "completed"),
    Story("airport_departures", "airport-departures", "/origin", 4_000, first_rows(4_000), "completed"),
    Story("crates", "crates", "/shelf", 2_000, crates(), "failed"),
)


@dataclass
class Round:
    """The kills of one stack, with their times."""

    stack: Stack
    chance: random.Random
    kills: list[tuple[datetime, str]] = field(default_factory=list)

    def play(self) -> None:
        """Post every story until it is accepted, and kill processes meanwhile."""
        with ThreadPoolExecutor(len(STORIES)) as pool:
            posts = [pool.submit(self._post, story) for story in STORIES]
            for victim in self.chance.sample(VICTIMS, PER_ROUND):
                self._get_on()
                self._kill(victim)
            for post in posts:
                post.result()
        self.stack.wait_until(lambda: self.stack.request("GET", "/api/health")[0] == 200, "all to be up again")

    def _post(self, story: Story) -> None:
        def accepted() -> bool:
            try:
                return self.stack.request("POST", f"/api/reports/{story.report}", story.body, "killed")[0] == 202
            except OSError:
                return False

        self.stack.wait_until(accepted, f"{story.report} to be accepted")

    def _get_on(self) -> None:
        """Wait until the database has served some more requests, or for some seconds; the sweep may fire."""
        if self.chance.random() < 0.2:
            self.stack.sweep()
        aim, seconds = self._served() + self.chance.randrange(1, 120), self.chance.uniform(0.1, 3)
        eventually(lambda: self._served() >= aim, seconds, every=0.01)

    def _served(self) -> int:
        return sum(count["count"] for container in self.stack.database.state() for count in container["counts"])

    def _kill(self, victim: str) -> None:
        running = [one["instanceId"] for story in STORIES for one in self.stack.instances(story.run) if is_at_work(one)]
        self.kills.append((datetime.now(UTC), victim))
        if victim == "host":
            self.stack.kill_host_and_start_again()
        elif victim == "database":
            self.stack.kill_database_and_start_again()
        elif running and self.chance.random() < 0.5:
            self.stack.kill_workers_in_a_turn(self.chance.choice(running))
        else:
            self.stack.kill_workers()

    def check(self, story: Story, undisturbed: str) -> None:
        """The run has its expected end and its documents once, and a failed run has its email."""
        record = self.stack.sweep_until(story.run, *ENDS)
        assert record["state"] == story.ends, (record, self.kills)
        assert checksum(documents_of(self.stack, story)) == undisturbed
        self._check_mails(story)

    def _check_mails(self, story: Story) -> None:
        """A second email is right only if a process was killed between the two, so that the first answer was lost."""
        mails = self.stack.mails_about(story.run)
        came = [datetime.fromisoformat(mail["received"]) for mail in mails]
        assert bool(came) == (story.ends == "failed")
        for first, second in pairwise(came):
            assert any(first < killed < second for killed, _ in self.kills), (came, self.kills)


ENDS = ("completed", "failed", "cancelled", "superseded")


def is_at_work(instance: dict[str, Any]) -> bool:
    return instance["runtimeStatus"] in ("Running", "Pending")


def undisturbed(stack: Stack, story: Story) -> str:
    """Return the checksum of the documents that the story leaves when nothing is killed, and replace the container. A
    run that fails leaves no document."""
    documents: list[dict[str, Any]] = []
    if story.ends == "completed":
        run = stack.start(story.report, story.body)
        assert stack.wait(run)["runtimeStatus"] == "Completed"
        documents = documents_of(stack, story)
    stack.make_container_anew(story.container, story.partition_key, story.request_units)
    return checksum(documents)


def documents_of(stack: Stack, story: Story) -> list[dict[str, Any]]:
    """Return all documents of the story's container except the snapshot header."""
    with stack.container(story.container) as container:
        found = list(container.read_all_items())
    return [document for document in found if not document["id"].startswith("current:")]


def checksum(documents: Iterable[dict[str, Any]]) -> str:
    """Return the number and the hash of the documents' own members, in the order of their ids."""
    own = [{name: value for name, value in d.items() if name[0] != "_" and name != "snapshot_run"} for d in documents]
    lines = [json.dumps({**d, "id": d.get("snapshot_id", d["id"])}, sort_keys=True) for d in own]
    return f"{len(lines)} {hashlib.sha256(chr(10).join(sorted(lines)).encode()).hexdigest()}"


@pytest.mark.parametrize("round_", range(-(-KILLS // PER_ROUND)))
def test_whoever_is_killed_nothing_is_lost_or_half_done(round_: int, tmp_path: Path) -> None:
    """A run whose processes are killed at random ends as expected, with all its documents once or none, and without a
    second email."""
    seed = SEED + round_
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    app = copy_app(tmp_path / "app", CRATES)
    with running(tmp_path / "data", SETTINGS, app) as stack:
        left = {story: undisturbed(stack, story) for story in STORIES}
        leave_a_false_mark(stack, STORIES[-1].run)
        before = [run["id"] for run in stack.request("GET", "/api/runs")[1]["runs"]]
        told = Round(stack, random.Random(seed))
        told.play()
        for story in STORIES:
            told.check(story, left[story])
        listed = [run["id"] for run in stack.request("GET", "/api/runs", top="200")[1]["runs"]]
        assert sorted(listed) == sorted([*before, *(story.run for story in STORIES)])
