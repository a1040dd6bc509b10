"""What the orchestrations of a run have left in the embedded host's file, and what they would ask of a task hub in
Azure Storage.

The host here keeps its histories in SQLite. The operations are figured from each history, turn by turn, as
DurableTask.AzureStorage makes them (Azure/durabletask at 5217032, `src/DurableTask.AzureStorage`):

- a message to an orchestration: put (`ControlQueue.AddMessageAsync`), and deleted after its turn; messages of one turn
  are got together, up to 32 (`ControlQueueBatchSize`), and one of more than 45 KB is a blob that is written and read;
- a turn: the history is read, 1,000 events a page (`GetHistoryEventsAsync`), its new events are written, 99 a batch
  (`UpdateStateAsync`), and the instance's row is merged;
- an activity: its message is put, got alone and deleted (`WorkItemQueue`), and its input is taken to be small; its
  result is a message, counted above;
- a start by a client: the row is looked up, inserted, and looked up again before the first turn
  (`CreateTaskOrchestrationAsync`, `DedupeExecutionStartedMessagesAsync`);
- a purge: the row is looked up and deleted, the history read and deleted, 100 events a batch, its blobs listed
  (`DeleteAllDataForOrchestrationInstance`).

Looking into empty queues goes on whether there is a run or not, and is not counted.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from local.host.durable.events import COMPLETIONS, Kind

Event = dict[str, Any]
MESSAGES = COMPLETIONS | {Kind.EXECUTION_STARTED, Kind.EVENT_RAISED, Kind.EXECUTION_TERMINATED}
QUEUE_BATCH, HISTORY_PAGE, HISTORY_BATCH, PURGE_BATCH = 32, 1_000, 99, 100
LARGEST_MESSAGE = 45 * 1024
SENTINEL = 1
"""A row beside the events of each history."""


@dataclass(frozen=True, slots=True)
class Histories:
    """`calls` has the activities by name; `purge_operations` are those of removing the histories."""

    instances: int
    turns: int
    events: int
    calls: Counter[str]
    operations: int
    purge_operations: int

    @property
    def activity_calls(self) -> int:
        return self.calls.total()


def read_histories(database: Path, run: str) -> Histories:
    """Those of one run: its own and those of its waves, lanes and compensation.

    Raises RuntimeError if one continued as new, because the turns before that are no longer in the file.
    """
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT id, generation FROM instances").fetchall()
        own = [(name, generation) for name, generation in rows if name == run or name.startswith(f"{run}:")]
        if any(generation for _, generation in own):
            raise RuntimeError("an orchestration continued as new, so its turns cannot be counted")
        query = "SELECT event FROM history WHERE instance = ? ORDER BY seq"
        return summed(_parsed(connection.execute(query, [name])) for name, _ in own)


def _parsed(rows: Iterable[tuple[bytes]]) -> list[Event]:
    return [json.loads(event) for (event,) in rows]


def summed(histories: Iterable[Sequence[Event]]) -> Histories:
    """Count the histories of one run."""
    every = [list(history) for history in histories]
    events = [event for history in every for event in history]
    return Histories(
        instances=len(every),
        turns=_count(events, Kind.TURN_STARTED),
        events=len(events),
        calls=Counter(str(event["Name"]) for event in events if event["EventType"] == Kind.TASK_SCHEDULED),
        operations=sum(map(hub_operations, every)),
        purge_operations=sum(map(purge_operations, every)),
    )


def hub_operations(history: Sequence[Event]) -> int:
    """What the turns of one history ask of the task hub's tables, queues and blobs."""
    operations = before = 0
    for turn in _turns(history):
        messages = [event for event in turn if event["EventType"] in MESSAGES]
        received = ceil(len(messages) / QUEUE_BATCH) + 2 * len(messages) + 2 * sum(map(_is_large, messages))
        kept = ceil(max(1, before) / HISTORY_PAGE) + ceil(len(turn) / HISTORY_BATCH) + 1
        operations += received + kept + 3 * _count(turn, Kind.TASK_SCHEDULED)
        before += len(turn) + (SENTINEL if before == 0 else 0)
    return operations + (3 if _started_by_client(history) else 0)


def purge_operations(history: Sequence[Event]) -> int:
    rows = len(history) + SENTINEL
    return 2 + 1 + ceil(rows / HISTORY_PAGE) + ceil(rows / PURGE_BATCH)


def _turns(history: Sequence[Event]) -> Iterator[list[Event]]:
    turn: list[Event] = []
    for event in history:
        if event["EventType"] == Kind.TURN_STARTED and turn:
            yield turn
            turn = []
        turn.append(event)
    if turn:
        yield turn


def _started_by_client(history: Sequence[Event]) -> bool:
    return any(event["EventType"] == Kind.EXECUTION_STARTED and not event.get("ParentInstance") for event in history)


def _is_large(event: Event) -> bool:
    return len(json.dumps(event)) > LARGEST_MESSAGE


def _count(events: Iterable[Event], kind: Kind) -> int:
    return sum(event["EventType"] == kind for event in events)
