"""Runs an orchestrator in tests with invented answers."""

from collections.abc import Callable, Generator
from typing import Any

from outlast.calls import ChunkAnswer, RunView
from outlast.models import Json, Totals
from outlast.orchestrations import Outcome
from tests.fakes.replay import Action, ReplayContext

Answering = Callable[[Action], Any]


def tell(
    story: Callable[[Any], Generator[Any, Any, Any]], given: Any, answer: Answering, instance_id: str = "r1"
) -> tuple[list[Action], Any, ReplayContext]:
    """Run an orchestrator whose actions are answered by `answer` (an exception is thrown into it); return what it asked
    for, what it returned, and its context."""
    context = ReplayContext(instance_id, given)
    telling, asked = story(context), list[Action]()
    step: Callable[[], Action] = lambda: next(telling)  # noqa: E731  # replaced at each turn
    while True:
        try:
            asked.append(step())
        except StopIteration as stop:
            return asked, stop.value, context
        try:
            value = context.hear(asked[-1], answer(asked[-1]))
        except Exception as error:  # noqa: BLE001  # thrown into the story, as the SDK does
            step = lambda error=error: telling.throw(error)  # type: ignore[misc]  # noqa: E731
        else:
            step = lambda value=value: telling.send(value)  # type: ignore[misc]  # noqa: E731


def answer_run(chunks: int, lanes: int, totals: Totals = Totals()) -> Answering:  # noqa: B008  # it is frozen
    """Return answers for `import_report` with which all goes well. Each wave and each chunk alone has these totals."""
    alone = ChunkAnswer(None, totals.to_dict()).to_dict()
    answers: dict[str, Json] = {
        "advance_run": RunView(lanes).to_dict(),
        "read_input_file": {"cursor": None, "chunks": chunks},
        "read_data_from_db": {"bytes": 4},
        **dict.fromkeys(("generate_report", "resolve_keys", "store_data_to_db"), alone),
        "finish_keys": {"cursor": None, "totals": {}},
        "run_wave": Outcome(True, None, totals.to_dict()).to_dict(),
        "publish_report": {"cursor": None, "receipt": {"rows_read": 7}},
        "compensate_run": {},
    }
    return lambda action: answers[action.name]


def chunks_of(lanes: list[Action]) -> list[int]:
    """Return every chunk that these lanes take."""
    return [chunk for lane in lanes for chunk in range(lane.given["first"], lane.given["last"] + 1, lane.given["step"])]
