import hashlib
import re

from outlast.runs.ids import compensation_id, lane_id, removal_id, run_of_key, run_of_key_without_secret, wave_id


def test_the_instances_of_a_run_are_named_by_it() -> None:
    """Each instance id is computed from the run, so that it need not be stored."""
    assert wave_id("r1", 2, "store", 7) == "r1:2:store7"
    assert lane_id("r1:2:store7", 3) == "r1:2:store7-3"
    assert compensation_id("r1", 2) == "r1:2:compensate"
    assert removal_id("r1") == "r1:remove"


def test_the_run_of_a_key_cannot_be_computed_without_the_secret() -> None:
    """The id depends on report, key and secret, and has 32 hex digits."""
    run = run_of_key("sales", "é 1", "s1")
    assert re.fullmatch("[0-9a-f]{32}", run)
    assert run == run_of_key("sales", "é 1", "s1")
    others = {run_of_key("stock", "é 1", "s1"), run_of_key("sales", "é 2", "s1"), run_of_key("sales", "é 1", "s2")}
    assert len({run, *others, run_of_key_without_secret("sales", "é 1")}) == 5


def test_the_id_without_a_secret_is_that_of_the_release_before() -> None:
    """A run that was accepted before the app had a secret is found by the hash of report and key."""
    expected = hashlib.sha256('["sales","é 1"]'.encode()).hexdigest()[:32]
    assert run_of_key_without_secret("sales", "é 1") == expected
