"""Hosts and workers are killed at random; nothing that was reported is lost, and nothing is recorded twice."""

import json
import os
import random
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.host.hosting import FINISHED, Hosted, eventually, hosted, is_alive, killed, worker_of

KILLS = int(os.environ.get("SOAK_KILLS", "10"))  # the default suite's; a soak asks for more
SEED = int(os.environ.get("SOAK_SEED", "20260101"))
WORKER_KILLS = max(3, KILLS // 10)
VISIBILITY = "AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemQueueVisibilityTimeout"
PER_ROUND = 5  # kills that one set of instances lives through
STORIES = 4


def expected(n: int) -> list[Any]:
    """Return the output of a story whose input is n."""
    return [2 * n, [2 * (n + i) for i in range(4)], [n + 6, n + 7], json.dumps("now")]


def check(host: Hosted, instance: str, n: int) -> None:
    """The instance has the right output, and each task of its history ended once."""
    shown = host.finished(instance)
    assert (shown["runtimeStatus"], shown["output"]) == ("Completed", expected(n))
    kinds = Counter(e["EventType"] for e in shown["historyEvents"])
    assert (kinds["TaskCompleted"], kinds["SubOrchestrationInstanceCompleted"], kinds["TimerFired"]) == (5, 2, 1)
    assert kinds["TaskScheduled"] == kinds["TaskFailed"] == 0
    assert kinds["EventRaised"] == 1


@pytest.mark.parametrize("round_", range(-(-KILLS // PER_ROUND)))
def test_every_story_ends_right_however_often_the_host_is_killed(round_: int, tmp_path: Path) -> None:
    """Every orchestration completes with the right output after SIGKILLs of the host at random moments."""
    seed = SEED + round_
    chance = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    with hosted(tmp_path) as host:
        for n in range(STORIES):
            host.start("story", f"story-{n}", n)
            host.call("POST", f"/api/client/raise/story-{n}", {"name": "go", "value": "now"})
        for _ in range(PER_ROUND):
            get_on(host, activities=chance.randrange(6))
            host.process.kill()
            host.process.start()
        for n in range(STORIES):
            check(host, f"story-{n}", n)


def get_on(host: Hosted, activities: int) -> None:
    """Wait until that many more activities have run, or all instances are over."""
    already = len(host.noted("doubled"))
    over = [f"story-{n}" for n in range(STORIES)]
    eventually(
        lambda: (
            len(host.noted("doubled")) >= already + activities
            or all(host.status(i)["runtimeStatus"] in FINISHED for i in over)
        ),
        f"{activities} activities",
    )


def test_a_killed_worker_costs_an_attempt_and_nothing_else(tmp_path: Path) -> None:
    """An activity whose worker is killed fails with the Azure host's text and is called again."""
    with hosted(tmp_path) as host:
        host.start("naps", "sleeper", [0.5] * WORKER_KILLS)
        for number in range(WORKER_KILLS):
            eventually(lambda n=number: len(host.noted("naps")) > 2 * n, f"nap {number} to begin")  # type: ignore[misc]
            killed(int(host.noted("naps")[-1].split()[0]))
            eventually(lambda n=number: len(host.noted("naps")) > 2 * n + 1, f"nap {number} again")  # type: ignore[misc]
        shown = host.finished("sleeper")
        assert shown["output"] == pytest.approx(0.5 * WORKER_KILLS)
        reasons = [e["Reason"] for e in shown["historyEvents"] if e["EventType"] == "TaskFailed"]
        assert (
            reasons == [f"Activity function 'nap' failed: {sys.executable} exited with code 137 (0x89)"] * WORKER_KILLS
        )


def lease_of(host: Hosted) -> float | None:
    """Return the time until which the only activity in the database stays invisible."""
    with closing(sqlite3.connect(host.data / "host.db")) as file:
        row = file.execute("SELECT leased_until FROM activities").fetchone()
    return None if row is None else row[0]


def test_an_activity_of_a_killed_host_waits_for_its_visibility_timeout(tmp_path: Path) -> None:
    """An activity of a killed host runs again when workItemQueueVisibilityTimeout of host.json is over, as on Azure."""
    with hosted(tmp_path, env={VISIBILITY: "00:00:02"}) as host:
        host.start("naps", "sleeper", [2])
        eventually(lambda: lease_of(host), "the activity to be under way")
        until = lease_of(host)
        assert until is not None
        host.process.kill()
        host.process.start()
        eventually(lambda: len(host.noted("naps")) == 2, "the second nap")
        assert time.time() >= until
        assert host.finished("sleeper")["output"] == 2


def test_a_killed_host_leaves_no_worker(tmp_path: Path) -> None:
    """The workers of a killed host end with it, also one that is busy."""
    with hosted(tmp_path) as host:
        worker = worker_of(host)
        host.start("one", "blocked", ["block", 2])
        eventually(lambda: host.noted("blocks"), "the activity to begin")
        host.process.kill()
        eventually(lambda: not is_alive(worker), "the worker to end")
        host.process.start()
