import stat
from pathlib import Path

import pytest

from outlast_cli.errors import Usage
from outlast_cli.profiles import Profile, Profiles, profiles_path, read_profiles, write_local_profile, write_profiles


def test_the_file_is_in_the_folder_of_the_standard() -> None:
    """The file is below XDG_CONFIG_HOME if that is absolute, else below ~/.config."""
    assert profiles_path({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}) == Path("/x/outlast/profiles.json")
    assert profiles_path({"XDG_CONFIG_HOME": "x", "HOME": "/h"}) == Path("/h/.config/outlast/profiles.json")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Profiles are read as they were written, and nobody else may read the file."""
    path = tmp_path / "new" / "profiles.json"
    profiles = Profiles(current="b", named={"a": Profile(url="https://a", key="k"), "b": Profile(url="https://b")})
    write_profiles(path, profiles)
    assert read_profiles(path) == profiles
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["profiles.json"]


def test_a_file_that_an_editor_gave_a_mark_is_read(tmp_path: Path) -> None:
    """Editors of Windows write a byte order mark, which is no fault of the file."""
    path = tmp_path / "profiles.json"
    path.write_text('{"profiles": {"a": {"url": "https://a"}}}', "utf-8-sig")
    assert read_profiles(path).named["a"].url == "https://a"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"profiles": {"a": 1}}', '{"profiles": {"a": {}}}', "\x00"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    """A file that is not ours raises Usage that names it and says what to do."""
    path = tmp_path / "profiles.json"
    path.write_text(content)
    with pytest.raises(Usage, match=r"profiles\.json") as failure:
        read_profiles(path)
    assert failure.value.hint == "Delete it, then run: outlast login URL"


def test_serve_leaves_the_chosen_profile_alone(tmp_path: Path) -> None:
    """The profile of serve is the current one only where there is no other, and a new start replaces its address."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = write_local_profile("http://127.0.0.1:1", "k", environ)
    assert read_profiles(path).current == "local"
    write_profiles(path, read_profiles(path).with_profile("prod", Profile(url="https://a"), current=True))
    write_local_profile("http://127.0.0.1:2", "k", environ)
    found = read_profiles(path)
    assert found.current == "prod"
    assert found.named["local"].url == "http://127.0.0.1:2"


def test_a_forgotten_profile_is_not_the_current_one() -> None:
    """Forgetting the current profile makes another one current, and forgetting another one changes nothing else."""
    two = Profiles(current="a", named={"a": Profile(url="https://a"), "b": Profile(url="https://b")})
    assert two.without("a").current == "b"
    assert two.without("b").current == "a"
    assert two.without("a").without("b") == Profiles()
