"""The path to an array of rows in JSON: `$`, `$.value`, `$.data.items`."""

import re

_STEP = re.compile(r"\.([^.\[\]\"'\s]+)|\['([^']+)'\]")


def steps_of(path: str) -> tuple[str, ...]:
    """The names on the way to the array. Raises ValueError for what is no such path."""
    if not path:
        return ()
    if not path.startswith("$"):
        raise ValueError("must begin with $, as $.value does")
    steps, end = [], 1
    while end < len(path):
        match = _STEP.match(path, end)
        if not match:
            raise ValueError("must be names after $, as in $.data.items")
        steps.append(match[1] or match[2])
        end = match.end()
    return tuple(steps)
