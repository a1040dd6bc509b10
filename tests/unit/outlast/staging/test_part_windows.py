import asyncio
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.cosmos.bulk.staged_document import StagedDocument, join_staged
from outlast.staging import part_windows
from outlast.staging.part_windows import NONE, PartWindow, read_window, read_windows
from outlast.staging.parts import Generated
from outlast.staging.store import Staging

DOCUMENTS = [StagedDocument(row, b'"p"', b"0A", b'{"id":"%d"}' % row) for row in range(2, 40)]


def read_all(left_out: Sequence[int]) -> list[PartWindow]:
    async def run() -> list[PartWindow]:
        generated = Generated(Staging("memory:///"), "r1", 0)
        answer = await generated.keep(0, join_staged(DOCUMENTS), None, None, {})
        return [window async for window in read_windows(generated, 0, answer, left_out=left_out)]

    return asyncio.run(run())


def windows(left_out: Sequence[int] = NONE) -> list[PartWindow]:
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


@given(st.frozensets(st.integers(0, len(DOCUMENTS) - 1)), st.integers(3, 400))
def test_windows_hold_the_documents_that_are_not_left_out(left_out: frozenset[int], size: int) -> None:
    """Whichever documents are left out, each window has the others, where these begin, and which are missing."""
    begins = [*accumulate((len(one.encoded()) for one in DOCUMENTS), initial=0)][:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part_windows, "WINDOW", size)
        found = read_all(sorted(begins[at] for at in left_out))
    kept = [(at, one) for number, (at, one) in enumerate(zip(begins, DOCUMENTS, strict=True)) if number not in left_out]
    pairs = [pair for window in found for pair in zip(window.begins, window.documents, strict=True)]
    assert pairs == kept
    assert [at for window in found for at in window.missing] == sorted(begins[at] for at in left_out)
    assert all(at < window.end for window in found for at in [*window.begins, *window.missing])


def test_documents_of_rows_that_are_taken_out_are_missing() -> None:
    """What is left out later is missing in the same way."""
    [window] = windows()
    without = windows([window.begins[3]])[0].without({2, 7})
    assert without.documents == [*DOCUMENTS[1:3], DOCUMENTS[4], *DOCUMENTS[6:]]
    assert list(without.missing) == [window.begins[0], window.begins[3], window.begins[5]]


def test_documents_that_are_left_out_do_not_change_where_the_others_begin() -> None:
    """Behind the documents that are left, the next one begins where it lies in the file."""
    [window] = windows()
    [kept] = windows([window.begins[0], window.begins[3]])
    assert kept.documents == [*DOCUMENTS[1:3], *DOCUMENTS[4:]]
    assert (kept.behind(2), kept.behind(len(kept.documents))) == (window.begins[4], window.end)
