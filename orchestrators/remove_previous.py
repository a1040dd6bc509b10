"""Removes a replaced generation, in as many calls as it takes."""

from outlast.durable import Caller, Context, Steps
from outlast.models import Removal


def remove_previous(context: Context) -> Steps:
    """Input: Removal. Returns how many documents were deleted; where it fails, the next sweep starts it again."""
    given = Removal.from_dict(context.get_input())
    answer = yield from Caller(context, given.first_retry_seconds).call_until_done("remove_generation", given)
    return answer["deleted"]
