from outlast_cli.profiles import Profile, read_profiles
from tests.unit.outlast_cli.calling import URL, Caller


def test_a_profile_is_chosen(call: Caller) -> None:
    """The list marks the current profile, and `--use` chooses another."""
    call.keep(read_profiles(call.profiles).with_profile("b", Profile(url="https://b"), current=False))
    assert call("profiles").out == f"*\tapp\t{URL}\n\tb\thttps://b\n"
    assert call("profiles", "--use", "b", "--json").json["profiles"][1] == {
        "name": "b",
        "url": "https://b",
        "current": True,
    }
    assert read_profiles(call.profiles).current == "b"
    assert call("profiles", "--use", "c").code == 2


def test_a_logout_forgets_the_key(call: Caller) -> None:
    """A logout removes the profile and its key from file and keyring."""
    call.keep(read_profiles(call.profiles).with_profile("b", Profile(url="https://b"), current=True))
    call.keys.kept["b"] = "kb"
    assert call("logout", "b").code == 0
    assert list(read_profiles(call.profiles).named) == ["app"]
    assert call.keys.kept == {}
    assert call("logout", "b").code == 2
