"""Logs the beginning and the end of a call, in the Azure host's words."""

import time
from collections.abc import Awaitable, Callable

from local.host.workers.wire import Header

Answer = tuple[Header, bytes]


async def told(say: Callable[[str], None], function: str, invocation: str, call: Awaitable[Answer]) -> Answer:
    """Await a call and return its answer. Log its beginning and its end, with result and duration."""
    category = f"Function.{function}"
    say(f"{category} Information: Executing 'Functions.{function}' (Reason='(null)', Id={invocation})")
    began, succeeded = time.monotonic(), False
    try:
        answer = await call
        succeeded = answer[0]["ok"]
    finally:
        level, how = ("Information", "Succeeded") if succeeded else ("Error", "Failed")
        duration = round((time.monotonic() - began) * 1000)
        say(f"{category} {level}: Executed 'Functions.{function}' ({how}, Id={invocation}, Duration={duration}ms)")
    return answer
