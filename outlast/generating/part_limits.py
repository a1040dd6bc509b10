"""How much one call of `generate_report` may refuse and stage, so that a small input cannot cost much."""

from dataclasses import dataclass

from outlast.errors import Permanent
from outlast.models import most_rejects
from outlast.runs.record import RunRecord

MORE_REJECTS = 1000
"""Rejects of a part beyond those that the run tolerates. So many are still listed, for who corrects the input."""
STAGED_RATIO = 1000
"""Bytes of documents that a chunk may make of each of its own bytes."""
LEAST_STAGED = 64 * 1024 * 1024
"""Bytes of documents that any chunk may make."""
MAX_STAGED = 100 * 1024**3
"""Bytes of documents that a run may make, where the settings name no other number."""


@dataclass(frozen=True, slots=True)
class PartLimits:
    """`most_rejects` is None where only a percentage is tolerated, which is known at the end of the run."""

    most_rejects: int | None = None
    staged_of_chunk: int = MAX_STAGED
    staged_of_run: int = MAX_STAGED
    generated_before: int = 0
    """Bytes of documents that the run had when its record was written last: at the end of each wave."""

    @classmethod
    def of(cls, record: RunRecord, length: int, max_staged: int) -> "PartLimits":
        """The limits of a part of a chunk of `length` bytes."""
        request, totals = record.request, record.result.totals or {}
        most = most_rejects(request.tolerated_rejects, request.tolerated_reject_percent)
        return cls(most, max(LEAST_STAGED, STAGED_RATIO * length), max_staged, totals.get("bytes", 0))

    def is_over(self, rejects: int) -> bool:
        """Whether the run fails because of these rejects alone."""
        return self.most_rejects is not None and rejects > self.most_rejects

    def left(self, rejects: int) -> int | None:
        """Rejects after which the part ends, when it has these already. None: it does not end because of rejects."""
        return None if self.most_rejects is None else max(0, self.most_rejects + MORE_REJECTS - rejects)

    def check_staged(self, of_chunk: int) -> None:
        """Raise Permanent when the chunk has made more bytes of documents than it may, or the run has."""
        if of_chunk > self.staged_of_chunk:
            raise Permanent(
                f"a chunk of the input made more than {self.staged_of_chunk:,} bytes of documents, "
                f"{STAGED_RATIO:,} times its own; make fewer or smaller documents of a row"
            )
        if self.generated_before + of_chunk > self.staged_of_run:
            raise Permanent(
                f"the run made more than {self.staged_of_run:,} bytes of documents (MAX_STAGED_BYTES); divide the "
                "input, or raise the setting"
            )
