"""How the rows of a grouped report become groups, as its class says."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from outlast.aggregates.aggregate import Aggregate, Function
from outlast.aggregates.faults import aggregates_of
from outlast.aggregates.group import Group
from outlast.aggregates.values import decode, encode, identity, to_json
from outlast.errors import Permanent
from outlast.report import GroupedReport, Report
from outlast.staging.group_file import Gathered, PartialGroup, hash_of


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """`key_of` returns the values that make a row's group; `names` and `aggregates` are in the same order."""

    group_by: Sequence[str]
    key_of: Callable[[Any], Any]
    names: Sequence[str]
    aggregates: Sequence[Aggregate]
    getters: Sequence[Function]

    @classmethod
    def of(cls, report: Report[Any]) -> "GroupPlan":
        assert isinstance(report, GroupedReport), f"{report.name} is no grouped report"
        found = aggregates_of(type(report))
        aggregates = list(found.values())
        key_of = _key_of_fields(report.group_by) if report.group_by else report.key
        return cls(report.group_by, key_of, list(found), aggregates, [one.getter for one in aggregates])

    def read(self, row: Any) -> list[Any]:
        """What each aggregate takes of a row, None for nothing. Raises for a value that one cannot take."""
        values = [getter(row) for getter in self.getters]
        for aggregate, value in zip(self.aggregates, values, strict=True):
            if value is not None:
                aggregate.accept(value)
        return values

    def begin(self) -> list[Any]:
        return [aggregate.create_accumulator() for aggregate in self.aggregates]

    def add(self, accumulators: list[Any], values: Sequence[Any], row: int) -> None:
        """Add what `read` has returned of the row of this number. Raises Permanent where an aggregate takes back that
        it accepts the value, because the accumulators are spoilt then."""
        at = 0
        try:
            for at, value in enumerate(values):  # says below which one failed
                if value is not None:
                    aggregate = self.aggregates[at]
                    given = (row, value) if aggregate.numbered else value
                    accumulators[at] = aggregate.add_input(accumulators[at], given)
        except Exception as error:
            raise self._failed(at, "add_input", error) from error

    def encoded(self, accumulators: Sequence[Any]) -> str:
        """The accumulators as JSON. Raises Permanent where one is not."""
        found = [self._call(at, "encode_accumulator", one) for at, one in enumerate(accumulators)]
        try:
            return to_json(found)
        except (TypeError, ValueError) as error:
            raise Permanent(f"an accumulator of {', '.join(self.names)} is no JSON; correct it: {error}") from error

    def merged(self, pieces: Sequence[str]) -> list[Any]:
        """The accumulators of pieces of a group, each as `encoded` has made it."""
        decoded = [json.loads(piece) for piece in pieces]
        merged = []
        for at, aggregate in enumerate(self.aggregates):
            accumulators = [aggregate.decode_accumulator(one[at]) for one in decoded]
            one = accumulators[0]
            merged.append(one if len(pieces) == 1 else self._call(at, "merge_accumulators", accumulators))
        return merged

    def joined(self, pieces: Sequence[PartialGroup]) -> PartialGroup:
        """One partial group of several of the same hash, in the order of the rows."""
        if len(pieces) == 1:
            return pieces[0]
        accumulators = self.encoded(self.merged([piece.accumulators for piece in pieces]))
        return pieces[0]._replace(rows=sum(piece.rows for piece in pieces), accumulators=accumulators)

    def group(self, gathered: Gathered) -> Group:
        """What `generate_report` is given of a group."""
        accumulators = self.merged([piece.accumulators for piece in gathered.pieces])
        outputs = [one.extract_output(value) for one, value in zip(self.aggregates, accumulators, strict=True)]
        key = decoded_key(gathered.pieces[0].key)
        fields = zip(self.group_by, key, strict=True) if self.group_by else ()
        return Group({"key": key, "rows": gathered.rows, **dict(fields), **dict(zip(self.names, outputs, strict=True))})

    def _call(self, at: int, function: str, *given: Any) -> Any:
        try:
            return getattr(self.aggregates[at], function)(*given)
        except Exception as error:
            raise self._failed(at, function, error) from error

    def _failed(self, at: int, function: str, error: Exception) -> Permanent:
        return Permanent(f"{function} of the aggregate {self.names[at]} failed; correct it: {error!r}")


def encoded_key(key: Any) -> tuple[str, str]:
    """Hash and JSON of a group's key. Raises TypeError for a value that cannot be one."""
    if isinstance(key, tuple):
        return hash_of(to_json([identity(value) for value in key])), to_json([encode(value) for value in key])
    return hash_of(identity(key)), to_json(encode(key))


def decoded_key(text: str) -> Any:
    read = json.loads(text)
    return tuple(decode(value) for value in read) if isinstance(read, list) else decode(read)


def _key_of_fields(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    get = attrgetter(names[0])
    return lambda row: (get(row),)
