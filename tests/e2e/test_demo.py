import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.local_command import LocalCommand, eventually

Demo = tuple[LocalCommand, dict[str, Any]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo after it has run once to its end."""
    file = tmp_path_factory.mktemp("demo") / "facts.json"
    with LocalCommand("demo", "--json", str(file)) as command:
        assert command.ends(seconds=120) == 0, command.output
        yield command, json.loads(file.read_text())


def test_every_row_of_the_sample_is_in_the_database(demo: Demo) -> None:
    """The demo reads and stores the month's 27,004 rows, and the database has as many documents."""
    _, facts = demo
    assert facts["rows_read"] == 27_004
    assert facts["rows_stored"] + facts["rows_rejected"] == facts["rows_read"]
    assert facts["documents_written"] == facts["documents_in_database"] == facts["rows_stored"]


def test_every_row_of_the_sample_is_in_a_group(demo: Demo) -> None:
    """The grouped report makes one document of each of the 16 carriers, which together count the month's rows."""
    _, facts = demo
    assert (facts["groups"], facts["rows_in_groups"]) == (16, 27_004)


def test_the_run_shows_its_progress(demo: Demo) -> None:
    """The durable status URL shows at least three statuses, and at least two lanes work at once."""
    _, facts = demo
    assert "/runtime/webhooks/durabletask/instances/" in facts["status_url"]
    assert facts["distinct_statuses"] >= 3
    assert facts["most_lanes_at_once"] >= 2


def test_the_broken_file_brings_one_mail(demo: Demo) -> None:
    """The failed run sends one email to the configured address, and the demo prints it."""
    command, facts = demo
    assert facts["mails"] == 1
    assert facts["mail_to"] == "you@example.com"
    assert facts["mail_subject"] in command.output


def test_it_is_told_in_plain_text(demo: Demo) -> None:
    """The demo prints no control characters to an output that is not a terminal."""
    command, _ = demo
    assert not {"\r", "\x1b"} & set(command.output)


def test_it_leaves_nothing_running(demo: Demo) -> None:
    """No process of the demo or its services runs after the demo has ended."""
    command, _ = demo
    assert command.left() == []


@pytest.mark.parametrize("moment", ["Start host", "202 Accepted"])
def test_ctrl_c_ends_it_and_all_its_parts(moment: str) -> None:
    """Ctrl-C ends the demo and its services, while they start and while a run goes on."""
    with LocalCommand("demo") as command:
        command.read_until(moment)
        command.tell(signal.SIGINT)
        assert command.ends() == 130
        assert command.left() == []


def test_killed_it_takes_its_parts_with_it(tmp_path: Path) -> None:
    """The services of a demo that is killed by SIGKILL end by themselves."""
    with LocalCommand("demo", environment={"TMPDIR": str(tmp_path)}) as command:
        command.read_until("202 Accepted")
        command.tell(signal.SIGKILL)
        assert eventually(lambda: command.left() == [])


def test_a_part_that_dies_ends_it() -> None:
    """A demo whose host is killed says so, exits with 1, and ends the other services."""
    with LocalCommand("demo") as command:
        command.read_until("202 Accepted")
        (host,) = [pid for pid in command.left() if b"--with-parent\0host" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(host, signal.SIGKILL)
        assert command.ends() == 1
        assert "failed" in command.output
        assert eventually(lambda: command.left() == [])
