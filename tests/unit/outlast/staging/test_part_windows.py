import asyncio
from collections.abc import Set

import pytest

from outlast.cosmos.bulk.staged_document import StagedDocument, join_staged
from outlast.staging import part_windows
from outlast.staging.part_windows import NONE, PartWindow, read_window, read_windows
from outlast.staging.parts import Generated
from outlast.staging.store import Staging

DOCUMENTS = [StagedDocument(row, b'"p"', b"0A", b'{"id":"%d"}' % row) for row in range(2, 40)]


def windows(left_out: Set[int] = NONE) -> list[PartWindow]:
    async def run() -> list[PartWindow]:
        generated = Generated(Staging("memory:///"), "r1", 0)
        answer = await generated.keep(0, join_staged(DOCUMENTS), None, None, {})
        if not left_out:
            return [window async for window in read_windows(generated, 0, answer)]
        return [await read_window(generated, generated.path(0, answer.documents), 0, left_out=left_out)]

    return asyncio.run(run())


def test_windows_hold_every_document_once_and_where_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """However large a window is, its documents and their places in the file are right; a document that is larger has a
    window of its own."""
    whole = join_staged(DOCUMENTS)
    for size in (3, 30, 100, 10_000):
        monkeypatch.setattr(part_windows, "WINDOW", size)
        found = windows()
        assert [document for window in found for document in window.documents] == DOCUMENTS
        places = [(at, one) for window in found for one, at in zip(window.documents, window.begins, strict=True)]
        assert all(whole[at:].startswith(one.encoded()) for at, one in places)
        assert found[-1].end == len(whole)


def test_documents_that_are_left_out_do_not_change_where_the_others_begin() -> None:
    """Behind the documents that are left, the next one begins where it lies in the file."""
    [window] = windows()
    [kept] = windows({window.begins[0], window.begins[3]})
    assert kept.documents == [*DOCUMENTS[1:3], *DOCUMENTS[4:]]
    assert (kept.behind(2), kept.behind(len(kept.documents))) == (window.begins[4], window.end)
