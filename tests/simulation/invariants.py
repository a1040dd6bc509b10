"""What holds at every step of a simulation, whatever is killed, lost, late or repeated."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from outlast.runs.record import ENDED, OUTCOMES, STATES, RunRecord
from outlast.runs.transitions import TABLE, Event
from tests.simulation.database import CoreRuns, Database
from tests.simulation.places import Post
from tests.simulation.scheduler import Scheduler

DOUBLING = (
    "mail's answer lost", "host killed", "activity given up", "activity's worker killed after",
    "request lost", "answer lost",
)  # fmt: skip
"""After one of these faults an email that was sent may not be recorded as sent."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How many rows a run reads, and the amount of each document by its id."""

    read: int
    amounts: Mapping[str, float]


@dataclass(slots=True)
class Invariants:
    """Checks the database and the emails after each write. `expected` is by run; `grace` is the time in seconds for
    which a replaced generation stays whole."""

    scheduler: Scheduler
    database: Database
    runs: CoreRuns
    post: Post
    expected: Mapping[str, Expected]
    grace: float
    known: dict[str, RunRecord] = field(default_factory=dict)
    published: tuple[str, str] = ("", "")
    looked: tuple[int, int] = (-1, -1)
    read: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What is in the containers at this check. All runs of a report have one container."""

    def check(self) -> None:
        looked = self.database.writes, len(self.post.emails)
        if looked == self.looked:
            return
        self.looked = looked
        self.read.clear()
        records = {record.id: record for record in self.runs.all()}
        for record in records.values():
            self._moves_on(self.known.get(record.id), record)
            self._adds_up(record)
            self._has_its_documents(record)
        self.known |= records
        self._tells_once(self.known)
        self._is_whole()

    def _moves_on(self, before: RunRecord | None, after: RunRecord) -> None:
        """States only go forward within an attempt, an ended run stays as it is, and a receipt never changes, unless
        the run is redriven."""
        if before is None or before == after:
            return
        assert after.status.attempt >= before.status.attempt, "an attempt came back"
        if before.status.redriven != after.status.redriven:
            assert before.status.state in TABLE[Event.REDRIVE], f"{before.status.state}, and was redriven"
            return
        was, now = before.status, after.status
        self._keeps_its_receipt(before, after)
        if now.revision > was.revision:
            assert not before.open, f"worked on again while it was {was.state}"
            assert now.attempt > was.attempt
            return
        if was.state in ENDED:
            assert now.state == was.state, f"{was.state} has become {now.state}"
        elif was.state == "failing":
            assert now.state in ("failing", was.outcome, "completed"), f"fenced, and became {now.state}"
        elif now.state in STATES and now.attempt == was.attempt:
            assert STATES.index(now.state) >= STATES.index(was.state), f"{was.state} became {now.state}"

    def _keeps_its_receipt(self, before: RunRecord, after: RunRecord) -> None:
        """A receipt changes only when a person has let the run be worked on again."""
        old, new = before.result.receipt, after.result.receipt
        if old is not None and new != old:
            assert new is not None, "a receipt is gone"
            assert new["revision"] > old["revision"], "a receipt has changed"

    def _adds_up(self, record: RunRecord) -> None:
        """The rows read are the rows stored, rejected and unchanged, and every completed run has a receipt."""
        receipt = record.result.receipt
        if receipt is None:
            assert record.status.state != "completed"
            return
        done = receipt["rows_stored"] + receipt["rows_rejected"] + receipt["rows_unchanged"]
        assert receipt["rows_read"] == done == self.expected[record.id].read

    def _has_its_documents(self, record: RunRecord) -> None:
        """A completed run has every row once, and an undone run has no document from then on."""
        found = self._of(record)
        assert found[1] == len(set(found[0])), "a row is there twice"
        if record.status.state == "completed" and record.request.mode == "upsert":
            bad = (record.result.receipt or {})["rows_rejected"] - self._twins(record)
            assert self._count(record.id) - bad <= found[1] <= self._count(record.id)
        if record.status.state == "completed" and record.request.mode == "mirror":
            self._mirrors(record)
        if (
            record.status.state in OUTCOMES
            and record.request.mode == "snapshot"
            and "undo" not in record.status.pending
        ):
            assert found[1] == 0, f"{record.status.state} and left {found[1]} documents"

    def _documents(self, container: str) -> list[dict[str, Any]]:
        if container not in self.read:
            self.read[container] = self.database.documents(container)
        return self.read[container]

    def _twins(self, record: RunRecord) -> int:
        """The rows whose documents later rows have made."""
        return self.expected[record.id].read - self._count(record.id)

    def _of(self, record: RunRecord) -> tuple[list[str], int]:
        """Return the ids that the report gave to the run's documents, and the number of documents."""
        if record.request.grouped:
            ids = [name for document in self._documents("totals") for name in document["ids"]]
            return ids, len(ids)
        own = [d for d in self._documents(record.request.report) if d.get("snapshot_run", record.id) == record.id]
        ids = [d.get("snapshot_id", d["id"]) for d in own if "snapshot_header" not in d]
        return ids, len(ids)

    def _mirrors(self, record: RunRecord) -> None:
        """At the moment at which a mirror run is completed, the container has its input and nothing else."""
        if (before := self.known.get(record.id)) is not None and before.status.state != "completed":
            documents = [d for d in self._documents("shelf") if "snapshot_header" not in d]
            stored = {d["id"]: d["amount"] for d in documents}
            assert stored == self.expected[record.id].amounts, f"not mirrored: {stored}"

    def _count(self, run: str) -> int:
        return len(self.expected[run].amounts)

    def _tells_once(self, records: Mapping[str, RunRecord]) -> None:
        """A run has an email if its end is to be told, and a second one only if the first email's answer was lost."""
        told = Counter(email.key for email in self.post.emails)
        for record in (records[key.partition(":")[0]] for key in told):
            again = record.status.redriven is not None or bool(record.status.revision)
            wanted = record.request.notify in ("always", record.status.outcome or record.status.state)
            assert wanted or again, f"an email about a run that is {record.status.state}"
        doubles, excuses = sum(told.values()) - len(told), sum(self.scheduler.fired[name] for name in DOUBLING)
        assert doubles <= excuses + self.scheduler.trace.count("KILLED"), f"{doubles} emails too many"

    def _is_whole(self) -> None:
        """A reader of the current generation, or of a replaced one within its grace time, finds all of it, and an older
        generation never replaces the current one."""
        documents = self._documents("stock")
        headers = [d for d in documents if d["id"] == "current:stock"]
        if not headers:
            assert self.published == ("", "")
            return
        [header] = [d["snapshot_header"] for d in headers]
        counted = Counter(d["snapshot_run"] for d in documents if "snapshot_run" in d)
        assert counted[header["run"]] == header["documents"] == self._count(header["run"]), (
            "the current run is not whole"
        )
        for generation in header["previous"]:
            if self._in_its_time(generation):
                assert counted[generation["run"]] == self._count(generation["run"]), "removed before its time"
        age = (header["current"]["accepted"], header["run"])
        assert age >= self.published, "an older run has replaced a newer one"
        self.published = age

    def _in_its_time(self, generation: Mapping[str, Any]) -> bool:
        replaced = datetime.fromisoformat(generation["replaced"])
        return self.scheduler.now - replaced < timedelta(seconds=self.grace)
