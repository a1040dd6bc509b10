"""Different requests of one operation: some are drawn by schemathesis, the others combine the parts of those."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from random import Random
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

DRAWN = 0.2
"""How many are drawn in a turn for each request that is wanted. Drawing one takes as long as sending it and checking
its answer, so there is another turn only if the parts of those that are drawn make too few different requests."""
TURNS = 30
KNOWN = 0.8
"""Of the paths of combinations, those with known values."""
KNOWN_IN_A_ROW = 100
"""Combinations that were there before, after which no others are expected of the same parts."""


def different_cases(operation: Any, known: Sequence[dict[str, str]], number: int, *, wrong: bool) -> Iterator[Any]:
    """Yield this number of different requests and some more, unless the operation has fewer."""
    seen: set[str] = set()
    right: list[Any] = []
    bases: list[Any] = []
    count = math.ceil(number * DRAWN)
    for turn in range(TURNS):
        right += drawn(operation, known, count, turn, wrong=False)
        bases += drawn(operation, known, count, turn, wrong=True) if wrong else right[len(bases) :]
        parts = Parts(right, known, Random(turn))
        again = 0
        for case in chain(bases, (parts.give_to(bases) if wrong else parts.combine() for _ in repeat(None))):
            again = again + 1 if (key := key_of(case)) in seen else 0
            if again == len(bases) + KNOWN_IN_A_ROW:
                break
            if not again:
                seen.add(key)
                yield case


def key_of(case: Any) -> str:
    headers = {name: value for name, value in case.headers.items() if name.lower() != "x-functions-key"}
    return repr((case.path_parameters, sorted(case.query.items()), headers, case.body, case.media_type))


class Parts:
    """What right requests are made of. Of equal parts there is one, so that each is taken as often as the others."""

    def __init__(self, right: Sequence[Any], known: Sequence[dict[str, str]], dice: Random) -> None:
        self.dice = dice
        self.known = known
        self.make = right[0].operation.Case
        self.paths = list({repr(case.path_parameters): case.path_parameters for case in right}.values())
        self.queries = list({repr(case.query): case.query for case in right}.values())
        self.headers = list({repr(case.headers): case.headers for case in right}.values())
        self.bodies = list({repr(case.body): (case.body, case.media_type) for case in right}.values())

    def path(self) -> dict[str, Any]:
        """Return what stands in a path, most often known values, as of most others there is nothing to tell."""
        return dict(self.dice.choice(self.known if self.known and self.dice.random() < KNOWN else self.paths))

    def combine(self) -> Any:
        """Return a right request that takes each parameter from any of two others."""
        first, second = self.dice.choice(self.queries), self.dice.choice(self.queries)
        query = {name: self.dice.choice((first, second)).get(name) for name in sorted({*first, *second})}
        body, media_type = self.dice.choice(self.bodies)
        return self.make(
            path_parameters=self.path(),
            query={name: value for name, value in query.items() if value is not None},
            headers=self.dice.choice(self.headers).copy(),
            body=body,
            media_type=media_type,
        )

    def give_to(self, bases: Sequence[Any]) -> Any:
        """Return one of the wrong requests, with parameters of right ones in place of those that are not wrong."""
        wrong = self.dice.choice(bases)
        case = wrong.derive()
        case.query = {**self.dice.choice(self.queries), **wrong.query}
        if not case.meta.is_negative_at(ParameterLocation.PATH):
            case.path_parameters = self.path()
        return case


def drawn(operation: Any, known: Sequence[dict[str, str]], number: int, turn: int, *, wrong: bool) -> list[Any]:
    """Draw so many requests, others at each turn."""
    found: list[Any] = []

    @seed(turn)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operation, known, wrong=wrong))
    def keep(case: Any) -> None:
        found.append(case)

    keep()
    return found


def cases(operation: Any, known: Sequence[dict[str, str]], *, wrong: bool) -> st.SearchStrategy[Any]:
    """Return requests whose path is generated, and those whose path has known values."""
    mode = schemathesis.GenerationMode.NEGATIVE if wrong else schemathesis.GenerationMode.POSITIVE
    generated: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=mode)
    if wrong and not (operation.query or operation.headers or operation.body):
        return generated  # with a known path nothing would be wrong
    fixed = [operation.as_strategy(generation_mode=mode, path_parameters=values) for values in known]
    return st.one_of(*fixed, generated)
