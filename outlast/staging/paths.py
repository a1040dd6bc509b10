"""Where the files of a run lie, relative to the staging location."""

import hashlib


def content_name(data: bytes, ending: str) -> str:
    """A file name that other content does not have: two calls that stage different files keep both."""
    return f"{hashlib.sha256(data).hexdigest()[:16]}.{ending}"


def input_path(run: str) -> str:
    """The input as it is read: never compressed."""
    return f"runs/{run}/input"


def body_path(run: str, name: str = "body") -> str:
    """The input as it was posted: may be gzipped."""
    return f"runs/{run}/{name}"


def chunks_path(run: str, so_far: int | None = None) -> str:
    """The whole list, or, while it grows, its first so many: none of them ever changes."""
    return f"runs/{run}/chunks.json" if so_far is None else f"runs/{run}/chunks.{so_far}.json"


def reference_path(run: str) -> str:
    return f"runs/{run}/reference.json"


def generated_path(run: str, chunk: int, part: int, name: str) -> str:
    """`name` is `json` for the answer, or `{hash}.jsonl`, `{hash}.rejects.csv` for what the answer names."""
    return f"runs/{run}/generated/{chunk:06}/{part:04}.{name}"


def stored_path(run: str, chunk: int, name: str = "json") -> str:
    return f"runs/{run}/stored/{chunk:06}.{name}"
