"""Resolves synthetic keys in a process that has loaded what a worker loads, and prints what it took as JSON.

    python -m bench.mirroring.keys stage FOLDER DOCUMENTS MODE
    python -m bench.mirroring.keys resolve FOLDER DOCUMENTS MODE

The first stages the keys of so many documents below FOLDER, in chunks of 40,000.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import outlast.adapters  # noqa: F401  # with all that a worker loads
from activities.resolve_keys import ResolveKeys
from bench.ending import tell
from bench.scaling.processes import peak_mb
from outlast.calls import ChunkCall
from outlast.compute.thread import ComputeThread
from outlast.cosmos.partition_key import effective_partition_key
from outlast.deadline import Deadlines
from outlast.inputs import Chunk
from outlast.memory import give_back_memory
from outlast.models import MIRROR, shards_of
from outlast.runs.fence import Gate
from outlast.staging.chunk_list import ChunkList
from outlast.staging.document_keys import KeyedDocument, encode_keys, encode_named_keys
from outlast.staging.input import InputFiles
from outlast.staging.key_files import KeyFiles
from outlast.staging.manifests import Manifest
from outlast.staging.mirrors import Mirrors
from outlast.staging.parts import Generated
from outlast.staging.paths import chunks_path
from outlast.staging.resolved import Resolved, Summary
from outlast.staging.store import Staging
from tests.fakes.records import make_record
from tests.fakes.reports import WITH_MIRROR
from tests.fakes.runs import FakeRuns
from tests.fakes.snapshots import FakeSnapshots
from tests.fakes.transport import FakeTransport

DOCUMENTS = 40_000
"""Of a chunk: those of 4 MiB of input with rows of 100 bytes."""
LANES = 8


def main(step: str, folder: Path, documents: int, mode: str) -> dict[str, float]:
    give_back_memory()
    if step == "stage":
        asyncio.run(stage(Staging(folder.as_uri()), documents, mode))
        return {}
    before, began = time.process_time(), time.perf_counter()
    asyncio.run(resolve(Staging(folder.as_uri()), documents, mode))
    return {"cpu": time.process_time() - before, "wall": time.perf_counter() - began, "peak": peak_mb()}


async def stage(staging: Staging, documents: int, mode: str) -> None:
    chunks = [Chunk(0, 0, first) for first in range(0, documents, DOCUMENTS)]
    for run in ("r0", "r1"):
        for number, chunk in enumerate(chunks):
            rows = range(chunk.first_row, min(documents, chunk.first_row + DOCUMENTS))
            made = [document_of(row, run) for row in rows]
            keys = encode_named_keys(made) if mode == MIRROR else encode_keys(made)
            await Generated(staging, run, number).keep(0, b"", None, None, {}, keys)
        await staging.put(chunks_path(run), ChunkList([], chunks).encoded())


def document_of(row: int, run: str) -> KeyedDocument:
    """One in a hundred has another content in each run."""
    key = f"s{row % 1000}"
    body = b"%d%b" % (row, run.encode() if row % 100 == 0 else b"")
    return KeyedDocument(row, row % DOCUMENTS * 300, f"o{row}", json.dumps(key).encode(), EFFECTIVE[row % 1000], body)


EFFECTIVE = [effective_partition_key(f"s{number}").encode() for number in range(1000)]


async def resolve(staging: Staging, documents: int, mode: str) -> None:
    """All shards of one run, as its lanes call them; in a mirror report, against the run before."""
    runs = FakeRuns()
    report = "shelf" if mode == MIRROR else "sales"
    mirrors = Mirrors(FakeSnapshots(FakeTransport()), staging, lambda: datetime.now(UTC))
    gate = Gate(runs, Deadlines(3600.0, time.monotonic))
    step = ResolveKeys(WITH_MIRROR, gate, KeyFiles(InputFiles(staging, staging)), mirrors, ComputeThread().run)
    for run in ("r0", "r1") if mode == MIRROR else ("r1",):
        record = make_record(id=run, report=report, mode=mode, state="resolving")
        await runs.create(record)
        lanes: list[Any] = [iter(range(lane, shards_of(documents), LANES)) for lane in range(LANES)]
        await asyncio.gather(*(lane_of(step, run, lane) for lane in lanes))
        summary = await Resolved(staging, run, -(-documents // DOCUMENTS)).summed_up()
        same = documents - -(-documents // 100) if run == "r1" and mode == MIRROR else 0
        if (summary.count("documents"), summary.count("same")) != (documents, same):
            raise RuntimeError(f"{summary.count('same')} of {summary.count('documents')} documents are unchanged")
        if mode == MIRROR:
            await publish(mirrors, runs, run, summary)


async def lane_of(step: ResolveKeys, run: str, shards: Any) -> None:
    for shard in shards:
        answer = await step.resolve_keys(ChunkCall(run, 1, shard).to_dict())
        if answer["cursor"] is not None:
            raise RuntimeError("a call did not end within its deadline")


async def publish(mirrors: Mirrors, runs: FakeRuns, run: str, summary: Summary) -> None:
    documents = summary.count("documents")
    manifest = Manifest(run, documents, [one.stretch for one in summary.stretches])
    await mirrors.manifests(WITH_MIRROR["shelf"]).keep_whole(manifest)
    await mirrors.publish(runs.records[run], WITH_MIRROR["shelf"], documents)


if __name__ == "__main__":
    tell(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
