import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from outlast.cosmos.conditional import Conflict, change
from outlast.errors import Permanent


@dataclass(slots=True)
class Number:
    """A document that is a number. `others`: what other writers make of it before each of the next writes."""

    value: int | None = 1
    others: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    async def read(self) -> int | None:
        return self.value

    async def write(self, before: int | None, after: int) -> int:
        if self.others:
            self.value = self.others.pop(0)
        if self.value != before:
            raise Conflict
        self.value = after
        self.written.append(after)
        return after

    def change(self, edit: Callable[[int | None], int | None]) -> int | None:
        async def run() -> int | None:
            return await change(read=self.read, edit=edit, write=self.write)

        return asyncio.run(run())


def increased(number: int | None) -> int:
    return (number or 0) + 1


def test_a_document_is_replaced_by_its_edit() -> None:
    """A change returns the document as it is stored then."""
    number = Number()
    assert (number.change(increased), number.value) == (2, 2)


def test_a_document_that_is_missing_is_created() -> None:
    """The edit gets None when the document is missing."""
    number = Number(None)
    assert (number.change(increased), number.value) == (1, 1)


def test_an_edit_is_applied_to_the_newest_document() -> None:
    """After a conflict the document is read and edited again."""
    number = Number(others=[10, 20])
    assert (number.change(increased), number.written) == (21, [21])


@pytest.mark.parametrize("edit", [lambda number: None, lambda number: number])
def test_an_edit_that_changes_nothing_writes_nothing(edit: Callable[[int | None], int | None]) -> None:
    """None and an equal document leave the stored one, which is returned."""
    number = Number()
    assert (number.change(edit), number.written) == (1, [])


def test_an_edit_that_raises_refuses_the_change() -> None:
    """An error of the edit passes through and nothing is written."""
    number = Number()

    def refuse(_: int | None) -> int:
        raise Permanent("the run has ended")

    with pytest.raises(Permanent, match="the run has ended"):
        number.change(refuse)
    assert number.written == []
