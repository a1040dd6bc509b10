"""Creates documents, and tells those of an earlier request of the run from those that were there before.

A request whose answer was lost is sent again, by the writer or by the SDK, which does not say so. What the first one
has created then exists. It is the run's own where it has the staged content and was written since the run was
accepted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outlast.cosmos.bulk.rate_controller import RateController
from outlast.cosmos.bulk.sender import Sender
from outlast.cosmos.bulk.staged_document import SYSTEM, Reading, StagedDocument
from outlast.cosmos.bulk.transport import CREATED, EXISTS, MISSING, REPLACED, Result, Target

TOO_LARGE = 413
"""Status of a read whose document does not fit into the answer beside the others."""
AGAIN = Result(424)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationSender:
    """`since` is the time in seconds since the epoch before which nothing of the run was written."""

    sender: Sender
    since: float

    async def send(self, controller: RateController, target: Target, batch: Sequence[int]) -> list[Result]:
        """Return a result for each document of the batch. One that exists and is the run's own is created."""
        results = await self.sender.send(controller, target, batch)
        existing = [at for at, result in enumerate(results) if result.status == EXISTS]
        if existing:
            found = await self._read(controller, target, [batch[at] for at in existing])
            for at, answer in zip(existing, found, strict=True):
                results[at] = self._judged(self.sender.recorder.documents[batch[at]], results[at], answer)
        return results

    async def _read(self, controller: RateController, target: Target, batch: Sequence[int]) -> list[Result]:
        """Read documents; read alone those that are too large beside the others."""
        found = await self.sender.send(controller, target, batch, Reading.of)
        for at, answer in enumerate(found):
            if answer.status == TOO_LARGE and len(batch) > 1:
                [found[at]] = await self._read(controller, target, [batch[at]])
        return found

    def _judged(self, document: StagedDocument, refusal: Result, answer: Result) -> Result:
        """A document that cannot be read now, or is deleted meanwhile, is created again."""
        if answer.status == REPLACED:
            return Result(CREATED) if self._is_own(document, answer.content or {}) else refusal
        return AGAIN if (answer.status, answer.substatus) == MISSING else answer

    def _is_own(self, document: StagedDocument, found: Mapping[str, Any]) -> bool:
        return found.get("_ts", 0) >= int(self.since) and _same(
            _without_system(found), _without_system(document.parsed())
        )


def _without_system(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in SYSTEM}


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same to the database, which keeps every number as a double."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, int | float):
        return type(one) is type(other) and bool(one == other)
    return isinstance(other, int | float) and float(one) == float(other)
