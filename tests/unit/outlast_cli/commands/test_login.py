import httpx

from outlast_cli.profiles import Profile, read_profiles
from tests.unit.outlast_cli.calling import KEY, Caller

OTHER = "https://other.example.com"
REPORT = {"name": "flights", "mode": "upsert", "container": "flights", "doc": None}


def test_a_login_is_kept_and_used(call: Caller) -> None:
    """A login tries the key, keeps it in the keyring and makes the profile the current one."""
    call.answers = {"GET /api/reports": {"reports": [REPORT]}}
    done = call("login", OTHER, "--profile", "new", "--key", "k1", "--json")
    assert done.code == 0
    assert done.json == {"profile": "new", "url": OTHER, "key_in": "keyring", "reports": 1}
    assert done.requests[0].headers["x-functions-key"] == "k1"
    found = read_profiles(call.profiles)
    assert (found.current, found.named["new"]) == ("new", Profile(url=OTHER))
    assert call.keys.kept == {"new": "k1"}
    assert call("reports").requests[0].headers["x-functions-key"] == "k1"


def test_without_a_keyring_the_file_has_the_key(call: Caller) -> None:
    """Where no keyring works, the key is in the file, and asking for the keyring is refused."""
    call.answers = {"GET /api/reports": {"reports": []}}
    call.keys.works = False
    assert call("login", OTHER, stdin="k1\n").code == 0
    assert read_profiles(call.profiles).named["default"].key == "k1"
    refused = call("login", OTHER, "--key", "k1", "--store", "keyring")
    assert refused.code == 2
    assert "--store file" in refused.err


def test_a_key_can_come_from_standard_input(call: Caller) -> None:
    """The key `-` is read from standard input, so that it is in no list of processes."""
    call.answers = {"GET /api/reports": {"reports": []}}
    assert call("login", OTHER, "--key", "-", "--store", "file", stdin="k2\n").code == 0
    assert read_profiles(call.profiles).named["default"].key == "k2"


def test_a_wrong_key_is_not_kept(call: Caller) -> None:
    """A key that the app refuses, or that is no key, leaves the profiles as they were."""
    before = read_profiles(call.profiles)
    call.answers = {"GET /api/reports": httpx.Response(401)}
    assert call("login", OTHER, "--key", "wrong").code == 4
    assert call("login", OTHER, "--key", "ü").code == 2
    assert read_profiles(call.profiles) == before
    assert call.keys.kept == {}


def test_a_login_that_is_refused_names_its_profile(call: Caller) -> None:
    """The command that mends a refused login, or a missing key, keeps the key under the name that was given."""
    call.answers = {"GET /api/reports": httpx.Response(401), "GET /api/health": {"status": "ok", "checks": {}}}
    assert "`outlast login --profile new URL`" in call("login", OTHER, "--profile", "new", "--key", "wrong").err
    assert "`outlast login URL`" in call("login", OTHER, "--key", "wrong").err
    assert "`outlast login --profile app URL`" in call("doctor", "--profile", "app").out


def test_a_key_goes_only_through_tls(call: Caller) -> None:
    """A login over plain HTTP is refused but for this machine, or where it is asked for."""
    call.answers = {"GET /api/reports": {"reports": []}}
    refused = call("login", "http://other.example.com", "--key", KEY)
    assert refused.code == 2
    assert refused.requests == []
    assert call("login", "http://other.example.com", "--key", KEY, "--allow-http").code == 0
    assert call("login", "http://127.0.0.1:7071", "--key", KEY).code == 0
