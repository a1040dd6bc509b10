"""Removes a replaced generation, in as many calls as it takes."""

from dataclasses import replace

from outlast.calls import Removal, RemovalAnswer
from outlast.durable import CALLS, Caller, Context, Steps


def remove_previous(context: Context) -> Steps:
    """Input: Removal. Returns how many documents were deleted; where it fails, the next sweep starts it again."""
    given = Removal.from_dict(context.get_input())
    caller = Caller(context, given.first_retry_seconds)
    for _ in range(CALLS):
        answer = RemovalAnswer.from_dict((yield from caller.call("remove_generation", given)))
        if answer.cursor is None:
            return answer.deleted
        given = replace(given, cursor=answer.cursor)
        yield from caller.wait(answer.wait)
    context.continue_as_new(given.to_dict())
    return None
