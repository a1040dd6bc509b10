"""Paths of partition keys and of indexing policies, such as `/address/"postal code"`."""

import re

SEGMENT = re.compile(r"""/(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^/"'][^/]*))""", re.DOTALL)
ESCAPED = re.compile(r"""\\(["'\\/])""")


def split_path(path: str) -> tuple[str, ...]:
    """The names of a path. A quoted name may hold slashes and quotes; raises ValueError for a malformed path."""
    names, at = [], 0
    while at < len(path):
        found = SEGMENT.match(path, at)
        if found is None:
            raise ValueError(f"the path {path!r} is malformed at character {at}")
        quoted = found[1] if found[1] is not None else found[2]
        names.append(found[3] if quoted is None else ESCAPED.sub(r"\1", quoted))
        at = found.end()
    return tuple(names)
