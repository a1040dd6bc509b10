"""One call of an activity handles several chunks of its lane, where each takes little time.

A call and the turn of the orchestration behind it cost more than a chunk of which little is to be sent, and on Azure
both wait in a queue and are paid.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.deadline import Deadlines
from outlast.models import Totals


def chunks_in_turn(
    function: Callable[[Any], Awaitable[Any]], deadlines: Deadlines
) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    """Return an activity that takes a ChunkCall and, when a chunk is done, begins with the next one of its lane as long
    as `deadlines.in_turn` seconds have not passed.

    Each chunk has a deadline of its own. An error of a later chunk ends the call: the next one begins with that chunk
    and raises what lasts, so that an error is always one of the chunk that was asked for.
    """

    async def call(given: Any) -> Any:
        ends = deadlines.clock() + deadlines.in_turn
        asked = ChunkCall.from_dict(given)
        answer = ChunkAnswer.from_dict(await function(given))
        while (following := _following(asked, answer)) and deadlines.clock() < ends:
            try:
                found = ChunkAnswer.from_dict(await function(following.to_dict()))
            except Exception as error:  # noqa: BLE001  # whatever it is, the next call meets it again
                reason = type(error).__name__  # its text may hold values of rows
                logging.getLogger("outlast").info("chunk %d is left for the next call: %s", following.chunk, reason)
                break
            answer = _together(answer, found)
        return answer.to_dict()

    call.__name__ = call.__qualname__ = function.__name__
    return call


def _following(asked: ChunkCall, answer: ChunkAnswer) -> ChunkCall | None:
    """The call for the lane's next chunk; None where this one is not done, the lane must wait or ends with it."""
    chunk = asked.chunk + (answer.before + 1) * asked.lanes
    if answer.cursor is not None or answer.wait or answer.too_many_rejects or chunk > asked.last:
        return None
    return replace(asked, chunk=chunk, cursor=None)


def _together(answer: ChunkAnswer, found: ChunkAnswer) -> ChunkAnswer:
    totals = Totals.from_dict(answer.totals) + Totals.from_dict(found.totals)
    return replace(found, totals=totals.to_dict(), before=answer.before + 1)
