"""A request whose body may be longer than memory."""

from collections.abc import AsyncIterator

import azure.functions as func


class StreamedRequest(func.HttpRequest):
    """What a function's request is annotated with that reads the body of its request in pieces.

    The host on one machine then gives it a request whose `stream()` does that. The host of Azure gives it one whose
    body is in memory.
    """

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces."""
        yield self.get_body()


async def pieces_of(request: func.HttpRequest) -> AsyncIterator[bytes]:
    """Yield the body of a request of either host."""
    if not hasattr(request, "stream"):
        yield request.get_body()
        return
    async for piece in request.stream():
        yield piece
