import pytest

from outlast_cli.address import clean_url, find_address, is_loopback
from outlast_cli.errors import Usage
from outlast_cli.profiles import Profile, Profiles
from tests.unit.outlast_cli.calling import MemoryKeys

PROFILES = Profiles(current="a", named={"a": Profile(url="https://a", key="ka"), "b": Profile(url="https://b")})
KEYS = MemoryKeys(kept={"b": "kb"})


def test_a_profile_has_its_key_in_the_file_or_in_the_keyring() -> None:
    """The current profile is used unless another one is named, and each has its own key."""
    assert find_address({}, PROFILES, KEYS).key == "ka"
    named = find_address({}, PROFILES, KEYS, "b")
    assert (named.url, named.key, named.source) == ("https://b", "kb", "profile b")
    assert find_address({"OUTLAST_PROFILE": "b"}, PROFILES, KEYS).url == "https://b"
    assert find_address({"OUTLAST_PROFILE": "b"}, PROFILES, KEYS, "a").url == "https://a"


def test_the_environment_wins() -> None:
    """OUTLAST_URL and OUTLAST_KEY win over profiles, and OUTLAST_KEY alone over the profile's key."""
    found = find_address({"OUTLAST_URL": "https://c/api/", "OUTLAST_KEY": "kc"}, PROFILES, KEYS, "b")
    assert (found.url, found.key, found.source) == ("https://c", "kc", "OUTLAST_URL")
    assert find_address({"OUTLAST_KEY": "kc"}, PROFILES, KEYS).key == "kc"


def test_no_key_goes_to_another_address() -> None:
    """The key of a profile is not used for the address of OUTLAST_URL."""
    assert find_address({"OUTLAST_URL": "https://elsewhere"}, PROFILES, KEYS).key is None


@pytest.mark.parametrize("key", ["schlüssel", "a\nb", " "])
def test_a_key_that_no_header_can_have_is_refused(key: str) -> None:
    """A key that is not printable ASCII raises Usage with its source, and blanks around a key do not count."""
    with pytest.raises(Usage, match="OUTLAST_KEY is no function key"):
        find_address({"OUTLAST_KEY": key}, PROFILES, KEYS)
    with pytest.raises(Usage, match="key of profile b is no function key"):
        find_address({}, PROFILES, MemoryKeys(kept={"b": key}), "b")
    assert find_address({"OUTLAST_KEY": "kc\n"}, PROFILES, KEYS).key == "kc"


def test_an_app_that_is_not_known_is_told_with_what_helps() -> None:
    """Without a profile, or with one that does not exist, the error says how to get it."""
    with pytest.raises(Usage, match="No app is known") as failure:
        find_address({}, Profiles(), KEYS)
    assert "make serve" in str(failure.value.hint)
    with pytest.raises(Usage, match="no profile c; there are: a, b"):
        find_address({}, PROFILES, KEYS, "c")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("app.example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com/api", "https://app.example.com"),
        ("https://gate.example.com/outlast/api/?x=1#y", "https://gate.example.com/outlast"),
        ("http://127.0.0.1:7071", "http://127.0.0.1:7071"),
    ],
)
def test_an_address_is_cleaned(given: str, meant: str) -> None:
    """What follows the app's own path is dropped, and the scheme is https where none is given."""
    assert clean_url(given) == meant


@pytest.mark.parametrize("given", ["", "ftp://x", "https://", "https://user:key@x", "http://[::1"])
def test_what_is_no_address_is_refused(given: str) -> None:
    """Other schemes, a missing host and credentials in the address raise Usage."""
    with pytest.raises(Usage, match="not the address"):
        clean_url(given)


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:1", True), ("http://[::1]:1", True), ("http://localhost", True), ("http://10.0.0.1", False)],
)
def test_this_machine_is_known(url: str, local: bool) -> None:
    """Loopback addresses and the name localhost are this machine, and others are not."""
    assert is_loopback(url) is local
