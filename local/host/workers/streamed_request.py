"""A request whose body is read as a stream, because it may be longer than memory.

`stream()` is that of Starlette's requests, which azurefunctions-extensions-http-fastapi gives to functions on Azure.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, get_type_hints

import azure.functions as func

PIECE = 1024 * 1024


class StreamedRequest(func.HttpRequest):
    """A request whose body is in a file, which is there until the function has ended."""

    def __init__(self, request: func.HttpRequest, file: Path) -> None:
        super().__init__(
            request.method,
            request.url,
            headers=request.headers,
            params=request.params,
            route_params=request.route_params,
            body=b"",
        )
        self._file = file

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces."""
        with self._file.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece

    def get_body(self) -> bytes:
        """Return the whole body."""
        return self._file.read_bytes()


def is_streamed(code: Callable[..., Any], parameter: str) -> bool:
    """Return whether a function's request is annotated with a class that has `stream`."""
    try:
        hint = get_type_hints(code).get(parameter)
    except (NameError, TypeError):  # an annotation that cannot be resolved names no such class
        return False
    return hasattr(hint, "stream")
