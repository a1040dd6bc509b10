"""Which rows of a chunk changed nothing in the database."""

from collections import Counter
from collections.abc import Iterable, Mapping

from outlast.staging.part_windows import whole_lines
from outlast.staging.parts import Generated


async def unchanged_rows(generated: Generated, unchanged: Mapping[int, int], left_out: Iterable[int]) -> list[int]:
    """The rows all of whose documents were unchanged, of those that were sent. `unchanged` counts the unchanged
    documents of each row, `left_out` has the row of each document that was not sent."""
    if not unchanged:
        return []
    sent = await _documents_of_rows(generated)
    sent.subtract(left_out)
    return [row for row, documents in unchanged.items() if sent[row] == documents]


async def _documents_of_rows(generated: Generated) -> Counter[int]:
    """How many documents of each row are staged."""
    found = Counter[int]()
    async for part, answer in generated.parts():
        path, offset = generated.path(part, answer.documents), 0
        while offset < answer.size:
            whole = await whole_lines(generated, path, offset)
            found.update(int(line[: line.index(b"\t")]) for line in whole.splitlines())
            offset += len(whole)
    return found
