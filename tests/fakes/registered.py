"""The functions that the app registers. The SDK lists them once in a process, and raises the second time."""

from functools import cache
from typing import Any


@cache
def registered_functions() -> tuple[Any, ...]:
    import function_app

    return tuple(function_app.app.get_functions())
