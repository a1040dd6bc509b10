"""What an aggregate is: Apache Beam's CombineFn, over a field of the rows or over what a function makes of each row."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

Function = Callable[[Any], Any]


class Aggregate:
    """A number, text or list of each group, as an attribute of a GroupedReport. Subclass it for one of your own.

    `of` is a field of the row, or a function of the row; without it, the value is the row itself. A value that is None
    is left out. `where` is a function of the row: a row for which it is false is left out.

    The four functions have the names and the meaning of Apache Beam's CombineFn. An accumulator is JSON, unless
    `encode_accumulator` makes it JSON and `decode_accumulator` reads that. Merging must not depend on how the rows were
    divided, nor on the order of the accumulators; `check_laws` checks that.
    """

    numbered: ClassVar[bool] = False
    """Whether `add_input` gets a pair: the number of the row in the input, and the value."""

    by_value: ClassVar[bool] = False
    """Whether the result depends on each field's values and how often they occur, and on nothing else. Then
    `add_counted` may be called in place of `add_input`, with equal values together."""

    def __init__(self, of: str | Function | None = None, *, where: Function | None = None) -> None:
        self.of, self.where = of, where

    def create_accumulator(self) -> Any:
        """Return an accumulator without any value."""
        raise NotImplementedError

    def add_input(self, accumulator: Any, value: Any) -> Any:
        """Return the accumulator with one value more. It may change the one that it is given.

        It is first tried on an empty accumulator; where that raises, the row is rejected and nothing is added.
        """
        raise NotImplementedError

    def add_counted(self, accumulator: Any, value: Any, times: int) -> Any:
        """Return the accumulator with one value so many times more."""
        for _ in range(times):
            accumulator = self.add_input(accumulator, value)
        return accumulator

    def merge_accumulators(self, accumulators: Sequence[Any]) -> Any:
        """Return one accumulator with the values of all. It may change those that it is given."""
        raise NotImplementedError

    def extract_output(self, accumulator: Any) -> Any:
        """Return what the group shows."""
        raise NotImplementedError

    def encode_accumulator(self, accumulator: Any) -> Any:
        return accumulator

    def decode_accumulator(self, encoded: Any) -> Any:
        return encoded

    def accept(self, value: Any) -> None:
        """Raise for a value that cannot be added."""
        self.add_input(self.create_accumulator(), (1, value) if self.numbered else value)

    @property
    def getter(self) -> Function:
        """What reads the value of a row, None where the row is left out."""
        of, where = self.of, self.where
        value: Function = attrgetter(of) if isinstance(of, str) else of or (lambda row: row)
        return value if where is None else lambda row: value(row) if where(row) else None

    def taken(self, value: Any) -> Any:
        """What the getter returns of a row whose field `of` has this value."""
        return value

    @property
    def field(self) -> str | None:
        """The field whose values alone it needs, None where a function must see each row."""
        return self.of if isinstance(self.of, str) and self.where is None else None
