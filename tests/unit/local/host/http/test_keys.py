"""The host's keys."""

import json
from pathlib import Path

import pytest

from local.host.http import keys


def test_keys_are_made_once(tmp_path: Path) -> None:
    """A second start reads the keys that the first start wrote."""
    assert keys.load(tmp_path) == keys.load(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"masterKey": 1}'])
def test_a_file_without_keys_is_named(tmp_path: Path, content: str) -> None:
    """A file without keys raises Damaged and is not written over."""
    keys.load(tmp_path)
    path = tmp_path / "secrets" / "host.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(keys.Damaged, match="does not hold the host's keys"):
        keys.load(tmp_path)
    assert path.read_text(encoding="utf-8") == content


def test_a_file_of_the_real_host_is_read(tmp_path: Path) -> None:
    """A keys file of the Azure host, which has more members and a byte order mark, is read."""
    own = [{"name": "default", "value": "f", "encrypted": False}]
    system = [{"name": "other", "value": "o"}, {"name": "durabletask_extension", "value": "d"}]
    content = {"masterKey": {"name": "master", "value": "m"}, "functionKeys": own, "systemKeys": system}
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "host.json").write_text(json.dumps(content), encoding="utf-8-sig")
    assert keys.load(tmp_path) == keys.Keys(master="m", function="f", durable="d")
