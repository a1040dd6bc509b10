import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from activities import read_input_file
from outlast.errors import Permanent
from outlast.staging import parsed
from outlast.staging.parsed import LARGE, ParsedFiles
from outlast.staging.paths import chunks_path, reference_path
from outlast.staging.store import Staging
from tests.fakes.reports import make_csv
from tests.fakes.world import World

PATH = "runs/r1/reference.json"


class CountingStaging(Staging):
    """Counts how often each file is read whole. Reading fails as often as `failures` says."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__("memory:///")
        self.reads = Counter[str]()
        self.failures = failures

    async def get(self, path: str) -> bytes | None:
        self.reads[path] += 1
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise OSError("the store gave no answer")
        return await super().get(path)


async def stage(staging: Staging, *paths: str, text: bytes = b"[1, 2]") -> ParsedFiles:
    for path in paths:
        await staging.put(path, text)
    return ParsedFiles(staging)


def test_calls_at_the_same_time_load_a_file_once() -> None:
    """Eight lanes that ask for a file at the same time cause one read and receive the same value."""

    async def run() -> None:
        staging = CountingStaging()
        files = await stage(staging, PATH)
        values = await asyncio.gather(*(files.get(PATH, "1", orjson.loads) for _ in range(8)))
        assert values[0] == [1, 2]
        assert all(value is values[0] for value in values)
        assert staging.reads[PATH] == 1

    asyncio.run(run())


def test_runs_do_not_share_values() -> None:
    """The files of two runs are two values."""

    async def run() -> None:
        files = ParsedFiles(Staging("memory:///"))
        await files.staging.put(reference_path("r1"), b"1")
        await files.staging.put(reference_path("r2"), b"2")
        assert [await files.get(reference_path(run), "1", orjson.loads) for run in ("r1", "r2")] == [1, 2]

    asyncio.run(run())


def test_a_run_that_is_posted_again_reads_its_own_files() -> None:
    """A removed run that is posted again has the same paths, and does not get the values of the removed one."""

    async def run() -> None:
        files = await stage(Staging("memory:///"), PATH, text=b"1")
        assert await files.get(PATH, "2026-01-01", orjson.loads) == 1
        await files.staging.put(PATH, b"2")
        assert await files.get(PATH, "2026-01-02", orjson.loads) == 2

    asyncio.run(run())


def test_a_failed_load_is_not_kept() -> None:
    """A call after one that failed reads the file again, also when it waited for the one that failed."""

    async def run() -> None:
        files = await stage(CountingStaging(failures=1), PATH)
        first, *others = await asyncio.gather(
            *(files.get(PATH, "1", orjson.loads) for _ in range(3)), return_exceptions=True
        )
        assert isinstance(first, OSError)
        assert others == [[1, 2], [1, 2]]

    asyncio.run(run())


def test_a_call_that_is_cancelled_leaves_the_others_alone() -> None:
    """A call that waits for the file loads it when the call that was loading it is cancelled."""

    async def run() -> None:
        files = await stage(CountingStaging(), PATH)
        loading, waiting = (asyncio.create_task(files.get(PATH, "1", orjson.loads)) for _ in range(2))
        await asyncio.sleep(0)
        loading.cancel()
        assert await waiting == [1, 2]

    asyncio.run(run())


def test_a_missing_file_is_permanent() -> None:
    """A file that was deleted fails the call for good and names the file."""
    files = ParsedFiles(Staging("memory:///"))
    with pytest.raises(Permanent, match=f"{PATH} is missing"):
        asyncio.run(files.get(PATH, "1", orjson.loads))


@pytest.mark.parametrize(("limit", "value"), [("MOST_VALUES", 2), ("MOST_BYTES", 12)])
def test_the_value_that_was_used_last_stays(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    """Beyond a limit of values or bytes, the value that was not used for the longest time is dropped."""
    monkeypatch.setattr(parsed, limit, value)

    async def run() -> None:
        staging = CountingStaging()
        files = await stage(staging, "a", "b", "c")
        for path in ("a", "b", "a", "c", "a", "b"):
            await files.get(path, "1", orjson.loads)
        assert staging.reads == {"a": 1, "b": 2, "c": 1}

    asyncio.run(run())


def test_a_value_above_the_limit_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text larger than the limit is parsed once and kept, and all other values are dropped."""
    monkeypatch.setattr(parsed, "MOST_BYTES", 1)

    async def run() -> None:
        staging = CountingStaging()
        files = await stage(staging, "a", "b")
        for path in ("a", "b", "b"):
            await files.get(path, "1", orjson.loads)
        assert staging.reads == {"a": 1, "b": 1}

    asyncio.run(run())


@pytest.mark.parametrize(("size", "pieces"), [(LARGE - 1, 0), (LARGE, 1)])
def test_a_large_text_is_parsed_beside_the_event_loop(size: int, pieces: int) -> None:
    """A text of 256 KiB or more is parsed by the injected thread, a shorter one at once."""
    works = list[Any]()

    async def in_thread(work: Callable[[], Any]) -> Any:
        works.append(work)
        return work()

    async def run() -> None:
        staging = Staging("memory:///")
        await staging.put(PATH, b'"' + b"x" * (size - 2) + b'"')
        assert len(await ParsedFiles(staging, in_thread).get(PATH, "1", orjson.loads)) == size - 2

    asyncio.run(run())
    assert len(works) == pieces


def test_a_run_parses_its_chunks_and_its_reference_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many chunks and calls a run has, its chunk list and its reference are read once for all of them."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 200)
    staging = CountingStaging()
    world = World(staging=staging)
    asyncio.run(world.run(make_csv(200), max_parallel=8))
    assert world.runs.records["r1"].status.state == "completed"
    assert (world.runs.records["r1"].result.receipt or {})["chunks"] > 8
    assert staging.reads[chunks_path("r1")] == 2, "read_input_file looks for it once, and it is parsed once"
    assert staging.reads[reference_path("r1")] == 2, "read_data_from_db looks for it once, and it is parsed once"
