import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.cosmos.bulk.number_file import NumberFile
from outlast.cosmos.bulk.rate_controller import FIRST_OPERATIONS, RateController, RateControllers
from outlast.cosmos.bulk.shared_rate_controller import (
    KEPT_SECONDS,
    KNOWN_SECONDS,
    SharedRateController,
    SharedRateControllers,
    shared_controllers,
)
from tests.fakes.clock import ManualClock
from tests.unit.outlast.cosmos.bulk.simulated_range import CHARGE

WORKERS = 2
SCOPE = ("write", "https://one.example", "sales")
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([0.0, 0.01, 0.3, 1.7]),
        st.integers(1, 100),
        st.sampled_from([None, None, None, 0.02, 3.0]),
    ),
    max_size=40,
)
"""Which of two controllers sends, seconds after the step before, how many operations, and what it is answered."""
OWN = ("sharers", "in_flight", "file", "waits_until")


def controllers_in(folder: Path, clock: ManualClock, *scope: str) -> RateControllers:
    return shared_controllers(clock, folder, scope or SCOPE, WORKERS)


def known(controller: RateController) -> dict[str, Any]:
    """Return the state of a controller but for what each process has of its own."""
    names = RateController.__dataclass_fields__
    return {name: getattr(controller, name) for name in names if name not in OWN}


@settings(max_examples=100)
@given(STEPS)
def test_two_controllers_of_one_file_behave_as_one(steps: Sequence[tuple[int, float, int, float | None]]) -> None:
    """Whichever of two controllers does a step, both know what a single one would know, to the last bit."""
    clock = ManualClock()
    single = RateController(clock)
    with TemporaryDirectory() as folder:
        two = [SharedRateController(clock, file=NumberFile(Path(folder) / "n")) for _ in range(WORKERS)]
        for who, seconds, operations, retry_after in steps:
            clock.advance(seconds)
            written = 0 if retry_after else operations
            two[who].waits_until = 0.0
            for each in (single, two[who]):
                each.wait()
                each.answered(each.sent(operations), written * CHARGE, written, retry_after)
            two[1 - who].waits_until = 0.0
            two[1 - who].wait()
            single.wait()
            assert known(single) == known(two[1 - who])


def test_a_429_of_one_process_holds_back_the_others(tmp_path: Path) -> None:
    """A process waits for as long as another was told to, from its first look at the range on."""
    clock = ManualClock()
    one, other = (controllers_in(tmp_path, clock).get("sales", "1") for _ in range(WORKERS))
    one.answered(0, 0, 0, 3.0)
    assert other.wait() == 3
    assert controllers_in(tmp_path, clock).get("sales", "2").wait() == 0


def test_lanes_that_wait_ask_the_file_once(tmp_path: Path) -> None:
    """While a process waits it does not look into the file, and an answer to it ends that."""
    clock = ManualClock()
    one, other = (controllers_in(tmp_path, clock).get("sales", "1") for _ in range(WORKERS))
    one.answered(0, 0, 0, 1.0)
    assert one.wait() == 1
    other.answered(0, 0, 0, 3.0)
    assert one.wait() == 1
    one.answered(0, 0, 0, None)
    assert one.wait() == 3


def test_the_first_operations_are_divided(tmp_path: Path) -> None:
    """Before anything is known each process may send its part of the first operations, and each success widens both."""
    clock = ManualClock()
    one, other = (controllers_in(tmp_path, clock).get("sales", "1") for _ in range(WORKERS))
    assert (one.wait(), one.batch()) == (0, FIRST_OPERATIONS // WORKERS)
    expected = one.sent(one.batch())
    assert one.wait() > 0
    assert (other.wait(), other.batch()) == (0, FIRST_OPERATIONS // WORKERS)
    one.answered(expected, 8 * CHARGE, 8, None)
    assert (other.wait(), other.batch()) == (0, (FIRST_OPERATIONS + 8) // WORKERS)


def test_what_a_dead_process_had_in_flight_is_forgotten(tmp_path: Path) -> None:
    """A process that dies with all its operations in flight takes no room from the others or from its successor."""
    clock = ManualClock()
    dead, other = (controllers_in(tmp_path, clock).get("sales", "1") for _ in range(WORKERS))
    while not dead.wait():
        dead.sent(dead.batch())
    for each in (other, controllers_in(tmp_path, clock).get("sales", "1")):
        assert (each.wait(), each.batch()) == (0, FIRST_OPERATIONS // WORKERS)


@pytest.mark.parametrize("passed", [-1.0, -90_000.0, KNOWN_SECONDS])
def test_a_state_of_another_time_is_replaced(tmp_path: Path, passed: float) -> None:
    """A state from the future, which is of an earlier boot, and one that is old are replaced by a fresh one."""
    clock = ManualClock(100_000.0)
    controllers_in(tmp_path, clock).get("sales", "1").answered(0, 0, 0, 1000.0)
    clock.advance(passed)
    assert controllers_in(tmp_path, clock).get("sales", "1").wait() == 0
    assert known(controllers_in(tmp_path, clock).get("sales", "1")) == known(RateController(clock))


def test_a_torn_state_is_replaced(tmp_path: Path) -> None:
    """A process that finds half of a state goes on with what it knew itself, and others find that."""
    clock = ManualClock()
    one, other = (controllers_in(tmp_path, clock).get("sales", "1") for _ in range(WORKERS))
    one.answered(0, 0, 0, 3.0)
    [path] = next(tmp_path.iterdir()).iterdir()
    path.write_bytes(path.read_bytes()[:50])
    assert one.wait() == 3
    assert other.wait() == 3


def test_a_removed_file_is_begun_anew(tmp_path: Path) -> None:
    """When the file or its folder is removed, the process goes on with what it knew."""
    clock = ManualClock()
    one = controllers_in(tmp_path, clock).get("sales", "1")
    one.answered(0, 0, 0, 3.0)
    [path] = next(tmp_path.iterdir()).iterdir()
    path.unlink()
    assert one.wait() == 3
    path.unlink()
    path.parent.rmdir()
    assert one.wait() == 3


@pytest.mark.parametrize("at", range(len(SCOPE)))
def test_two_databases_do_not_meet(tmp_path: Path, at: int) -> None:
    """Another endpoint, another database, and reads beside writes have a state of their own."""
    clock = ManualClock()
    controllers_in(tmp_path, clock).get("sales", "1").answered(0, 0, 0, 3.0)
    other = [*SCOPE[:at], "other", *SCOPE[at + 1 :]]
    assert controllers_in(tmp_path, clock, *other).get("sales", "1").wait() == 0
    assert controllers_in(tmp_path, clock, *SCOPE).get("sales", "1").wait() == 3


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The folder and the files are the user's own, and no name of a database is in them."""
    controllers_in(tmp_path, ManualClock()).get("sales", "1").wait()
    [folder] = tmp_path.iterdir()
    [path] = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    assert b"sales" not in path.read_bytes() + str(path).encode()


def test_a_folder_of_others_is_not_used(tmp_path: Path) -> None:
    """A folder that others may write to, a link and a file in its place leave each process its own controllers."""
    folder, elsewhere = tmp_path / f"outlast-pace-{os.getuid()}", tmp_path / "elsewhere"
    folder.mkdir()
    folder.chmod(0o777)
    assert type(controllers_in(tmp_path, ManualClock())) is RateControllers
    folder.rmdir()
    elsewhere.mkdir(0o700)
    folder.symlink_to(elsewhere)
    assert type(controllers_in(tmp_path, ManualClock())) is RateControllers
    folder.unlink()
    folder.touch(0o600)
    assert type(controllers_in(tmp_path, ManualClock())) is RateControllers


def test_old_files_are_removed(tmp_path: Path) -> None:
    """Files that nobody has changed for KEPT_SECONDS are removed when an app starts."""
    for range_id in ("1", "2"):
        controllers_in(tmp_path, ManualClock()).get("sales", range_id).wait()
    old, new = next(tmp_path.iterdir()).iterdir()
    os.utime(old, (old.stat().st_mtime - KEPT_SECONDS - 1,) * 2)
    assert isinstance(controllers_in(tmp_path, ManualClock()), SharedRateControllers)
    assert (old.exists(), new.exists()) == (False, True)
