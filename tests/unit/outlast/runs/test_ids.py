import hashlib

from outlast.runs.ids import compensation_id, lane_id, removal_id, run_of_key, wave_id


def test_the_instances_of_a_run_are_named_by_it() -> None:
    """Each instance id is computed from the run, so that it need not be stored."""
    assert wave_id("r1", 2, "store", 7) == "r1:2:store7"
    assert lane_id("r1:2:store7", 3) == "r1:2:store7-3"
    assert compensation_id("r1", 2) == "r1:2:compensate"
    assert removal_id("r1") == "r1:remove"


def test_the_run_of_a_key_is_a_hash_of_report_and_key() -> None:
    """The same key of another report is another run, and the id does not show the key."""
    assert run_of_key("sales", "é 1") == hashlib.sha256('["sales","é 1"]'.encode()).hexdigest()[:32]
    assert run_of_key("stock", "é 1") != run_of_key("sales", "é 1")
