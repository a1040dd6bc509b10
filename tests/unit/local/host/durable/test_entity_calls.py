"""What becomes of an entity's calls when its function gives no answer."""

import asyncio
import json
from typing import Any

import pytest
from azure.durable_functions.models.entities.ResponseMessage import ResponseMessage

from local.host.durable.entity_calls import EntityCalls
from local.host.workers.calls import Aborted, Died, TimedOut
from local.host.workers.wire import Header
from tests.unit.local.host.hub import JumpingClock

CALL = {"op": "add", "id": "1", "parent": "p", "parentExecution": "x"}
SIGNAL = {"op": "add", "id": "2", "signal": True}
FUNCTIONS = {"counter": "Counter"}


def calls(error: Exception) -> EntityCalls:
    """Return calls of a function that ends in this error."""

    async def invoke(*_: Any, **__: Any) -> tuple[Header, bytes]:
        raise error

    return EntityCalls(invoke=invoke, clock=JumpingClock(), timeout=25.0, worker="python")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimedOut("Counter"), "Timeout value of 00:00:25 was exceeded by function: Functions.Counter"),
        (Died(3), "python exited with code 3 (0x3)"),
    ],
)
def test_a_call_without_an_answer_fails(error: Exception, said: str) -> None:
    """A timeout or the worker's death fails the calls of the batch, as the SDK reads it, and keeps no state."""
    batch = asyncio.run(calls(error).answer("@counter@a", None, [CALL, SIGNAL], FUNCTIONS))
    ((instance, execution, event),) = batch.replies
    response = ResponseMessage.from_dict(json.loads(event["Input"]))
    assert (instance, execution, batch.saved) == ("p", "x", False)
    assert (response.is_exception, json.loads(response.result)) == (True, said)


def test_a_batch_that_a_neighbours_timeout_ended_is_not_answered() -> None:
    """A batch whose worker was killed for another function's timeout is left to the next turn."""
    with pytest.raises(Aborted):
        asyncio.run(calls(Aborted()).answer("@counter@a", None, [CALL], FUNCTIONS))
