"""What children alone do: they are processes, so they can be killed, replaced, bounded and left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from outlast.carried_logs import MOST_CHARACTERS, MOST_RECORDS
from outlast.compute import child_pool
from outlast.compute.children import ChildFailed, Children
from outlast.errors import Transient
from outlast.generating.row_window import NoTurn, RowsLost, RowStopped, WindowData
from tests.contract.outlast.compute.conftest import ROW_SECONDS
from tests.contract.outlast.compute.taking import PLENTY, build, csv_of, data_of, take, window
from tests.e2e.local_command import eventually

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[4]
LEFT_BEHIND = """
import asyncio, os, sys
from pathlib import Path
from outlast.compute.children import Children
from tests.contract.outlast.compute.taking import take
async def main():
    children = Children(Path(sys.argv[1]), 1.0)
    await take(children, [""])
    print(children.pids()[0], flush=True)
    children.row_seconds = 1.5
    hanging = asyncio.create_task(take(children, [sys.argv[2]]))
    await asyncio.sleep(0.5)
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""


def use(app: Path, work: Callable[[Children], Awaitable[T]], row_seconds: float = ROW_SECONDS, most: int = 1) -> T:
    async def run() -> T:
        children = Children(app, row_seconds, most)
        try:
            return await work(children)
        finally:
            await children.close()

    return asyncio.run(run())


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="the system cannot ask a process where it is")
@pytest.mark.parametrize("vice", ["hang", "regular_expression"])
def test_a_stopped_row_tells_the_line_of_the_report(app: Path, vice: str) -> None:
    """The message has the line of the report's file at which the row was stopped, inside a regular expression too."""
    lines = (app / "reports/vicious.py").read_text("utf-8").splitlines()
    line = lines.index("            VICES[row.does]()") + 1

    async def work(children: Children) -> None:
        with pytest.raises(RowStopped) as stopped:
            await take(children, [vice])
        assert str(stopped.value) == (
            f"the row took longer than 0.5 s and was stopped at reports/vicious.py, line {line}"
        )

    use(app, work)


def test_a_child_is_started_when_it_is_needed_and_ended_by_close(app: Path) -> None:
    """No process runs before the first rows, one runs after them, and none after `close`."""

    async def work(children: Children) -> int:
        assert children.pids() == []
        await take(children, [""])
        (pid,) = children.pids()
        await take(children, [""], run="r2")
        assert children.pids() == [pid]
        return pid

    pid = use(app, work)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_that_was_killed_is_replaced(app: Path) -> None:
    """A kill between two rows loses the call that comes next and nothing else."""

    async def work(children: Children) -> None:
        await take(children, [""])
        os.kill(children.pids()[0], signal.SIGKILL)
        with pytest.raises(RowsLost) as lost:
            await take(children, [""])
        assert lost.value.row is None
        assert (await take(children, [""])).rows == 1

    use(app, work)


@pytest.mark.parametrize("vice", ["shut", "shut and hang"])
def test_a_child_that_closes_its_pipes_is_replaced(app: Path, vice: str) -> None:
    """A row that closes every file of its process costs that process within seconds, whether it returns or not."""

    async def work(children: Children) -> None:
        async with asyncio.timeout(10):
            with pytest.raises(RowsLost):
                await take(children, ["", vice])
        assert (await take(children, [""])).rows == 1

    use(app, work)


def test_a_copy_that_a_report_has_forked_answers_nothing(app: Path) -> None:
    """Each answer is that of its own request, whatever the rows before have forked."""

    async def work(children: Children) -> None:
        assert (await take(children, ["", "fork", ""])).rows == 3
        assert (await take(children, [""], run="r2")).rows == 1

    use(app, work)


def test_a_copy_that_holds_the_pipes_holds_up_nobody(app: Path) -> None:
    """A child is replaced although a process that it has forked lives on."""

    async def work(children: Children) -> None:
        async with asyncio.timeout(10):
            with pytest.raises(RowStopped):
                await take(children, ["fork and hang"])
            assert (await take(children, [""], run="r2")).rows == 1

    use(app, work)


def test_a_child_that_does_not_start_harms_no_row(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call fails as one that may succeed later, and a later call starts a child."""
    boot = "outlast.compute.child.BOOT"

    async def work(children: Children) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(boot, "raise SystemExit(4)")
            with pytest.raises(Transient, match="the code of vicious does not start: exit code 4"):
                await take(children, [""])
        assert (await take(children, [""])).rows == 1

    use(app, work)


def test_a_child_that_cannot_be_started_leaves_no_folder(
    app: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A system that starts no process leaves nothing of the child in the temporary folder."""

    async def refused(*_: Any, **__: Any) -> None:
        raise OSError("no process")

    folder = tmp_path_factory.mktemp("temporary")

    async def work(children: Children) -> None:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        with pytest.raises(OSError, match="no process"):
            await take(children, [""])

    use(app, work)
    assert list(folder.iterdir()) == []


def test_a_run_goes_on_while_another_one_hangs(app: Path) -> None:
    """A run that had to be stopped once has a child of its own, so its next bad row holds up nobody else."""

    async def work(children: Children) -> None:
        with pytest.raises(RowStopped):
            await take(children, ["hang"], run="bad")
        children.row_seconds = 5.0  # longer than a child takes to start on a busy machine
        hanging = asyncio.create_task(take(children, ["hang"], run="bad"))
        good, _ = await build(children, [""] * 100, "good")
        assert (sum(one.rows for one in good.slices), hanging.done()) == (100, False)
        with pytest.raises(RowStopped):
            await hanging

    use(app, work)


def test_who_gets_no_turn_in_time_is_told(app: Path) -> None:
    """A caller waits for its turn only as long as it has patience."""

    async def work(children: Children) -> None:
        hanging = asyncio.create_task(take(children, ["hang"]))
        await asyncio.sleep(0)
        with pytest.raises(NoTurn):
            await children.take(window("other", "other"), data_of([""]), PLENTY, 0.05)
        with pytest.raises(RowStopped):
            await hanging

    use(app, work)


def test_a_call_that_is_given_up_costs_the_child(app: Path) -> None:
    """A cancelled call leaves no answer behind that the next call could take for its own."""

    async def work(children: Children) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await take(children, ["hang"])
        assert children.pids() == []
        assert (await take(children, ["", ""])).rows == 2

    use(app, work)


def test_the_reference_is_sent_once_to_a_child(app: Path) -> None:
    """The windows of a run share the reference, and a new child gets it again."""
    sent = []

    async def reference() -> bytes:
        sent.append(1)
        return b'"r"'

    async def work(children: Children) -> None:
        for key in ("a", "b"):
            await children.take(window(key), WindowData(csv_of([""]), 0, reference), PLENTY, 9.0)
        assert len(sent) == 1
        await children.close()
        await children.take(window("c"), WindowData(csv_of([""]), 0, reference), PLENTY, 9.0)
        assert len(sent) == 2

    use(app, work)


def test_what_the_report_logs_comes_along(app: Path) -> None:
    """A slice has the records of its rows, with logger, level and text; text that is not UTF-8 is replaced."""

    async def work(children: Children) -> None:
        assert (await take(children, ["log", ""])).logs == [
            {"name": "reports.vicious", "level": 30, "text": "row s2 ?"}
        ]
        assert (await take(children, [""], run="r2")).logs == []

    use(app, work)


def test_a_flood_of_records_is_bounded(app: Path) -> None:
    """Of many long records the first ones come along, cut, and the last one says how many were left out."""

    async def work(children: Children) -> None:
        logs = (await take(children, ["flood"])).logs
        assert len(logs) == MOST_RECORDS + 1
        assert max(len(record["text"]) for record in logs) == MOST_CHARACTERS
        assert logs[-1]["text"] == "900 more records were left out"

    use(app, work)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_row_that_takes_too_much_memory_is_a_reject(app: Path) -> None:
    """The child's memory is bounded, so such a row fails with MemoryError and the process lives."""

    async def work(children: Children) -> None:
        staged = await children.join(window("r1"), 0, [await take(children, ["greedy", ""])])
        assert b"MemoryError" in (staged.rejects or b"")
        assert (staged.totals.rows, staged.totals.rejected) == (2, 1)

    use(app, work)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_system_without_memory_ends_the_child_first(app: Path) -> None:
    """The system's score of the child is the highest, so that the worker lives."""

    async def work(children: Children) -> str:
        await take(children, [""])
        return await asyncio.to_thread(Path(f"/proc/{children.pids()[0]}/oom_score_adj").read_text, "ascii")

    assert int(use(app, work)) == 1000


def test_a_report_that_cannot_be_loaded_fails_the_call(app: Path) -> None:
    """The error is the one that the app itself gives for such a report."""
    (app / "reports/vicious.py").write_text("1/0", "utf-8")

    async def work(children: Children) -> None:
        with pytest.raises(ChildFailed, match=r"reports/vicious.py cannot be imported: ZeroDivisionError"):
            await take(children, [""])

    use(app, work)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("vice", "seconds"), [("", 5), ("hang", 10), ("regular_expression", 10)])
def test_a_child_does_not_outlive_its_app(app: Path, vice: str, seconds: float) -> None:
    """A child whose app was killed ends when its input ends, and after its time when it cannot notice that."""
    command = [sys.executable, "-c", LEFT_BEHIND, str(app), vice]
    environment = {**os.environ, "PYTHONPATH": f"{app}{os.pathsep}{ROOT}"}
    result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == -signal.SIGKILL, result.stderr
    child = Path(f"/proc/{int(result.stdout)}")
    assert eventually(lambda: not child.exists() or "Z" in (child / "stat").read_text().split()[2], seconds)


def test_the_first_request_of_a_window_has_its_rows(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that knows the reference is asked once for the first slice of a window."""
    asked: list[list[str]] = []
    ask = Children._ask

    async def noted(children: Children, child: Any, header: Any, given: dict[str, bytes]) -> Any:
        asked.append(sorted(given))
        return await ask(children, child, header, given)

    monkeypatch.setattr(Children, "_ask", noted)

    async def work(children: Children) -> None:
        await build(children, ["", ""])
        await build(children, ["", ""])

    use(app, work)
    assert asked == [["rows"], ["reference", "rows"], ["rows"]]


def test_two_children_generate_at_once_and_each_joins_what_it_has_made(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one child is busy, another begins the next window; a part needs nothing sent to be joined."""
    monkeypatch.setattr(child_pool, "MUCH", 0)

    async def work(children: Children) -> None:
        made = await asyncio.gather(*(take(children, ["", ""], run=run) for run in ("r1", "r2")))
        assert len(children.pids()) == 2
        for run, one in zip(("r1", "r2"), made, strict=True):
            joined = await children.join(window(run, run), 0, [replace(one, made=b"")])
            assert joined.totals.documents == 2

    use(app, work, most=2)
