from orchestrators.remove_previous import remove_previous
from tests.unit.orchestrators.telling import tell


def test_a_generation_is_removed_in_as_many_calls_as_it_takes() -> None:
    """A removal calls its activity with the cursor of the last answer until an answer has no cursor."""
    answers = iter([{"cursor": {"deleted": 5}, "deleted": 5}, {"cursor": None, "deleted": 8}])
    asked, returned, _ = tell(remove_previous, {"report": "stock", "run": "r0"}, lambda _: next(answers), "r0:remove")
    assert [action.given["cursor"] for action in asked] == [None, {"deleted": 5}]
    assert {action.given["run"] for action in asked} == {"r0"}
    assert returned == 8
