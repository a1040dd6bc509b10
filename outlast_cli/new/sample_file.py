"""The first rows of a file as a file of its own, which the report's test reads."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

ENDINGS = (".csv", ".jsonl")
MOST_ROWS = 20
MOST_BYTES = 64 * 1024


def sample_file(form: str, text: bytes, rows: Sequence[Mapping[str, Any]]) -> tuple[str, bytes]:
    """Return ending and content: the first lines of CSV as they are, in UTF-8; JSON Lines of any other format."""
    if form == "csv" and (lines := _first_lines(text)):
        return ".csv", lines
    listed = [json.dumps(row, ensure_ascii=False, default=str) for row in rows[:MOST_ROWS]]
    return ".jsonl", ("\n".join(listed) + "\n").encode()


def _first_lines(text: bytes) -> bytes:
    """Whole lines; nothing where a quoted field goes over several, because a line is no row then."""
    head = text[:MOST_BYTES]
    lines = head.splitlines(keepends=True)[: None if len(text) <= MOST_BYTES else -1]
    first = b"".join(islice(lines, MOST_ROWS + 1))
    return first if first.count(b'"') % 2 == 0 else b""
