"""What a verification has found of one chunk, and of all."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from outlast.models import Json, Payload
from outlast.staging.paths import verified_path
from outlast.staging.store import Staging

MOST_SHOWN = 10
"""Differences that are shown. The others are counted."""


@dataclass(frozen=True, slots=True)
class Comparison(Payload):
    """`documents` were compared; each is `equal`, `different` or `missing`. `differences` are the first ones.
    `repaired` were written again; None where that was not done."""

    documents: int = 0
    equal: int = 0
    different: int = 0
    missing: int = 0
    ru: float = 0.0
    differences: Sequence[Json] = ()
    repaired: int | None = None

    @property
    def wrong(self) -> int:
        return self.different + self.missing

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(
            self.documents + other.documents,
            self.equal + other.equal,
            self.different + other.different,
            self.missing + other.missing,
            round(self.ru + other.ru, 2),
            [*self.differences, *other.differences][:MOST_SHOWN],
            None if self.repaired is other.repaired is None else (self.repaired or 0) + (other.repaired or 0),
        )

    def shown(self, level: str, **more: Json | int | float) -> Json:
        """What the receipt has of it, and `more`."""
        return {
            "level": level,
            "documents": self.documents,
            "equal": self.equal,
            "different": self.different,
            "missing": self.missing,
            "request_units": self.ru,
            "differences": list(self.differences),
            **({} if self.repaired is None else {"repaired": self.repaired}),
            **more,
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """The files of a verification of a run. `earlier` are the attempts before a person has last let the run go on, so
    that each time everything is compared anew."""

    staging: Staging
    run: str
    earlier: int

    async def find(self, chunk: int) -> Comparison | None:
        """What was found of a chunk, None where it is not compared to its end."""
        data = await self.staging.get(verified_path(self.run, self.earlier, chunk))
        return None if data is None else Comparison.from_dict(orjson.loads(data))

    async def keep(self, chunk: int, found: Comparison) -> None:
        await self.staging.put(verified_path(self.run, self.earlier, chunk), orjson.dumps(found.to_dict()))
