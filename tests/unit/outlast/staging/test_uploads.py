import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from outlast.deadline import Deadlines
from outlast.staging.store import Staging
from outlast.staging.uploads import Uploads, is_upload
from tests.fakes.clock import ManualClock

NAME = "0123456789abcdef" * 2 + "-a.csv"
TIMER: Any = None


def remove(folder: Path, days: int, later: timedelta, inputs: bool = True) -> None:
    """Run the timer function so much later."""
    staging = Staging(folder.as_uri()) if inputs else None
    clock = ManualClock()
    uploads = Uploads(
        inputs=staging, now=lambda: datetime.now(UTC) + later, days=days, deadlines=Deadlines(100.0, clock)
    )
    asyncio.run(uploads.remove_old_uploads(TIMER))


def prepare(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_an_upload_is_removed_when_its_days_are_over(tmp_path: Path) -> None:
    """After RETENTION_DAYS an upload is removed, and other files of the inputs location are not."""
    prepare(tmp_path, f"uploads/{NAME}", "uploads/mine.csv", "other/a.csv")
    remove(tmp_path, 14, timedelta(days=13))
    assert (tmp_path / "uploads" / NAME).exists()
    remove(tmp_path, 14, timedelta(days=15))
    assert sorted(path.name for path in tmp_path.rglob("*.csv")) == ["a.csv", "mine.csv"]


def test_uploads_may_be_kept_for_ever(tmp_path: Path) -> None:
    """With -1 nothing is removed, and without an inputs location there is nothing to remove."""
    prepare(tmp_path, f"uploads/{NAME}")
    remove(tmp_path, -1, timedelta(days=5000))
    remove(tmp_path, 0, timedelta(days=5000), inputs=False)
    assert (tmp_path / "uploads" / NAME).exists()


def test_what_a_killed_host_was_writing_is_removed(tmp_path: Path) -> None:
    """A file whose writer died is removed an hour after its last byte, and one that is being written stays."""
    prepare(tmp_path, "uploads/left#1", "uploads/now#2")
    old = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    os.utime(tmp_path / "uploads" / "left#1", (old, old))
    remove(tmp_path, -1, timedelta())
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == ["now#2"]


def test_only_names_that_were_given_are_uploads() -> None:
    """A path is an upload's by folder and form of its name."""
    assert is_upload(f"uploads/{NAME}")
    assert not any(is_upload(path) for path in (NAME, f"x/{NAME}", "uploads/a.csv", f"uploads/x/{NAME}", ""))
