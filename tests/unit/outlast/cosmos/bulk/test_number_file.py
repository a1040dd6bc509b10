import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from outlast.cosmos.bulk.number_file import HEAD, NumberFile


def read(path: Path) -> Sequence[float]:
    with NumberFile(path).opened() as opened:
        return list(opened.read())


def write(path: Path, *numbers: float) -> None:
    with NumberFile(path).opened() as opened:
        opened.write(numbers)


def test_numbers_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Any numbers come back, also when fewer of them replace more."""
    path = tmp_path / "n"
    assert read(path) == []
    write(path, 1.5, -2.0, 1e300, float("inf"))
    assert read(path) == [1.5, -2.0, 1e300, float("inf")]
    write(path, 7.0)
    assert read(path) == [7.0]


@pytest.mark.parametrize("whole", range(HEAD.size + 16))
def test_a_torn_write_is_no_state(tmp_path: Path, whole: int) -> None:
    """When a write ended after any byte, over other numbers or in a new file, nothing is read and the next write
    replaces it."""
    path, other = tmp_path / "n", tmp_path / "other"
    write(path, 1.0, 2.0)
    write(other, -3.0, -4.7)
    before, begun = path.read_bytes(), other.read_bytes()[:whole]
    for torn in (begun + before[whole:], begun):
        path.write_bytes(torn)
        assert read(path) == ([1.0, 2.0] if torn == before else [])
        write(path, 5.0)
        assert read(path) == [5.0]


def test_a_full_disk_leaves_no_older_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When numbers cannot be written, those before them are not read either, and the caller does not fail."""

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    path = tmp_path / "n"
    write(path, 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", refuse)
        write(path, 2.0)
    assert read(path) == []


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    """A file that cannot be opened reads as empty, and writing to it does nothing."""
    path = tmp_path / "missing" / "n"
    write(path, 1.0)
    assert read(path) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A symbolic link in the place of the file is neither read nor written."""
    write(tmp_path / "other", 1.0)
    (tmp_path / "n").symlink_to(tmp_path / "other")
    write(tmp_path / "n", 2.0)
    assert read(tmp_path / "n") == []
    assert read(tmp_path / "other") == [1.0]


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """A thousand changes leave no descriptor open."""
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208  # descriptors are no files
    for number in range(1000):
        write(tmp_path / "n", number)
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208
