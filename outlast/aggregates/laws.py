"""For tests of an aggregate of your own: checks that its result does not depend on how the rows are divided."""

import json
import random
from collections.abc import Sequence
from typing import Any

from outlast.aggregates.aggregate import Aggregate
from outlast.aggregates.values import to_json


def check_laws(aggregate: Aggregate, values: Sequence[Any], seed: int = 0, rounds: int = 20) -> None:
    """Raise AssertionError where merging is not associative or commutative, or an accumulator does not survive as JSON.

    Give it any values that the aggregate takes; with Hypothesis, `@given(lists(floats(allow_nan=False)))` makes them.
    """
    chance = random.Random(seed)
    wanted = aggregate.extract_output(_added(aggregate, list(enumerate(values, 1))))
    for _ in range(rounds):
        pieces = [_through_json(aggregate, _added(aggregate, piece)) for piece in _divided(values, chance)]
        found = aggregate.extract_output(_through_json(aggregate, _merged_in_any_order(aggregate, pieces, chance)))
        assert found == wanted, (
            f"{type(aggregate).__name__} is {wanted!r} for {len(values)} values at once, but {found!r} for the same "
            "values in pieces; merge_accumulators must be associative and commutative, and an accumulator be JSON"
        )


def _added(aggregate: Aggregate, numbered: Sequence[tuple[int, Any]]) -> Any:
    accumulator = aggregate.create_accumulator()
    for row, value in numbered:
        accumulator = aggregate.add_input(accumulator, (row, value) if aggregate.numbered else value)
    return accumulator


def _divided(values: Sequence[Any], chance: random.Random) -> list[list[tuple[int, Any]]]:
    """The numbered values in a few pieces, some of them empty."""
    pieces: list[list[tuple[int, Any]]] = [[] for _ in range(chance.randint(1, 6))]
    for row, value in enumerate(values, 1):
        chance.choice(pieces).append((row, value))
    return pieces


def _merged_in_any_order(aggregate: Aggregate, pieces: list[Any], chance: random.Random) -> Any:
    """The pieces merged some at a time, in an order of chance."""
    while len(pieces) > 1:
        chance.shuffle(pieces)
        some = chance.randint(2, len(pieces))
        pieces = [*pieces[some:], aggregate.merge_accumulators(pieces[:some])]
    return aggregate.merge_accumulators(pieces)


def _through_json(aggregate: Aggregate, accumulator: Any) -> Any:
    return aggregate.decode_accumulator(json.loads(to_json(aggregate.encode_accumulator(accumulator))))
