"""Several files as one input: a list, all files below a folder, or those that a pattern names."""

import re
from collections.abc import Sequence

from outlast.bounded_gather import bounded_gather
from outlast.http.problem import bad_request
from outlast.staging.store import READS_AT_ONCE, Staging

MOST_FILES = 1000
_MARKS = re.compile(r"[*?]")


def is_several(path: str) -> bool:
    """Whether a path may name several files: it is a folder, or a pattern with `*` or `?`."""
    return path.endswith("/") or _MARKS.search(path) is not None


async def named_files(inputs: Staging, paths: Sequence[str], asked: str | list[str]) -> list[tuple[str, str]]:
    """Path and ETag of each file, in order of their paths. Raises a 400 Problem where there is none, or too many."""
    found: set[str] = set()
    for path in paths:
        found |= set(await _matching(inputs, path)) if is_several(path) else {path}
    names = sorted(found)
    if not names:
        raise bad_request(f"{asked} names no file of the inputs location (INPUTS_URL)", "input")
    if len(names) > MOST_FILES:
        raise bad_request(f"{asked} names {len(names):,} files, and at most {MOST_FILES:,} are one input", "input")
    etags = await bounded_gather(READS_AT_ONCE, inputs.etag, names)
    if missing := [name for name, etag in zip(names, etags, strict=True) if etag is None]:
        raise bad_request(f"{missing[0]} is not in the inputs location (INPUTS_URL)", "input")
    return [(name, etag or "") for name, etag in zip(names, etags, strict=True)]


async def _matching(inputs: Staging, path: str) -> list[str]:
    """The files below a folder, or those of a pattern. `*` and `?` stand for characters of one name, not for `/`."""
    folder = path.endswith("/")
    fixed = path.removesuffix("/") if folder else _MARKS.split(path)[0].rpartition("/")[0]
    listed = [name for name, _ in await inputs.list(fixed)]
    if folder:
        return [name for name in listed if not _is_hidden(name)]
    marks = {"*": "[^/]*", "?": "[^/]"}
    pattern = re.compile("".join(marks.get(part, re.escape(part)) for part in re.split(r"([*?])", path)))
    return [name for name in listed if pattern.fullmatch(name) and not _is_hidden(name)]


def _is_hidden(path: str) -> bool:
    """Files that are still being written, or are none of the data."""
    return path.rpartition("/")[2].startswith((".", "_")) or path.endswith((".part", ".tmp"))
