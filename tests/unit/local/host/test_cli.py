"""The errors of the host's command line that end it before a host starts."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from local.host import cli


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_that_is_none_is_named(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A start with an impossible port ends with the text that was given and the range that is allowed."""
    with pytest.raises(SystemExit, match="2"):
        cli.main(["--app", ".", "--port", port])
    assert f"'{port}' is no port; 0 to 65535 is wanted" in capsys.readouterr().err


def test_damage_is_told_from_a_full_disk(tmp_path: Path) -> None:
    """A damaged file and a full disk get different messages, and the one about the disk says that nothing reported is
    lost."""
    path = tmp_path / "host.db"
    path.write_bytes(b"no database" * 500)
    with closing(sqlite3.connect(path)) as damaged, pytest.raises(sqlite3.DatabaseError) as broken:
        damaged.execute("SELECT * FROM meta")
    assert "is damaged" in cli._broken(tmp_path, broken.value)
    with closing(sqlite3.connect(":memory:")) as full:
        full.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as no_room:
            full.execute("CREATE TABLE a (b)")
    assert "Nothing reported is lost" in cli._broken(tmp_path, no_room.value)


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.168.1.2", "myhost"])
def test_an_open_door_is_for_this_machine_alone(bind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A host without keys does not start where other machines could reach it."""
    assert cli.main(["--app", str(tmp_path), "--no-auth", "--bind", bind]) == 1
    assert f"--no-auth would open the app to the network at {bind}." in capsys.readouterr().err
