"""Removes a replaced generation, in as many calls as it takes."""

from outlast.durable import Context, Steps, call_until_done


def remove_previous(context: Context) -> Steps:
    """Input: report, run. Returns how many documents were deleted; where it fails, the next sweep starts it again."""
    return (yield from call_until_done(context, "remove_generation", context.get_input()))["deleted"]
