from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from local import arguments


@pytest.mark.parametrize("text", ["-1", "65536", "http", "", "\N{FULLWIDTH DIGIT EIGHT}"])
def test_what_is_no_port_is_refused(text: str) -> None:
    """A text that is no number from 0 to 65535 raises ArgumentTypeError."""
    with pytest.raises(ArgumentTypeError, match="no port"):
        arguments.port(text)


def test_ports_are_numbers() -> None:
    """A port may be 0, for a free port, or any number up to 65535."""
    assert [arguments.port(text) for text in ("0", "7071", "65535")] == [0, 7071, 65_535]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing folder raises ArgumentTypeError."""
    assert arguments.folder(str(tmp_path)) == tmp_path
    with pytest.raises(ArgumentTypeError, match="no folder"):
        arguments.folder(str(tmp_path / "missing"))


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A file that cannot be written raises ArgumentTypeError, and a missing folder above a file is made."""
    assert arguments.new_file(str(tmp_path / "new" / "facts.json")).exists()
    with pytest.raises(ArgumentTypeError, match="cannot be written"):
        arguments.new_file(str(tmp_path))
