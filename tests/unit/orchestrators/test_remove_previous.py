from orchestrators.remove_previous import remove_previous
from outlast.calls import Removal
from outlast.durable import CALLS
from tests.unit.orchestrators.telling import tell


def test_a_generation_is_removed_in_as_many_calls_as_it_takes() -> None:
    """A removal calls its activity with the cursor of the last answer until an answer has no cursor."""
    answers = iter([{"cursor": {"deleted": 5}, "deleted": 5}, {"cursor": None, "deleted": 8}])
    asked, returned, _ = tell(remove_previous, {"report": "stock", "run": "r0"}, lambda _: next(answers), "r0:remove")
    assert [action.given["cursor"] for action in asked] == [None, {"deleted": 5}]
    assert {action.given["run"] for action in asked} == {"r0"}
    assert returned == 8


def test_a_removal_waits_as_long_as_an_answer_says() -> None:
    """A removal whose share of request units is used up gives its slot back and goes on after a timer."""
    answers = iter([{"cursor": {"deleted": 5}, "deleted": 5, "wait": 30.0}, None, {"cursor": None, "deleted": 8}])
    asked, returned, _ = tell(remove_previous, {"report": "stock", "run": "r0"}, lambda _: next(answers), "r0:remove")
    assert [(action.kind, action.seconds) for action in asked] == [("activity", 0), ("timer", 30.0), ("activity", 0)]
    assert returned == 8


def test_a_long_removal_continues_as_new() -> None:
    """The history of a removal stays small, and the next generation of it goes on from the last cursor."""
    given = {"report": "stock", "run": "r0"}
    asked, returned, context = tell(remove_previous, given, lambda _: {"cursor": {"deleted": 7}, "deleted": 7})
    assert (len(asked), returned) == (CALLS, None)
    assert context.continued == Removal("stock", "r0", cursor={"deleted": 7}).to_dict()
