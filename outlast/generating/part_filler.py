"""Fills a part to its end, and says which rows' code failed meanwhile."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from outlast.generating.part_builder import PartBuilder, PartCursor, Refusal
from outlast.generating.refused_rows import RefusedRows
from outlast.generating.row_window import RowWindow, SlicesLost, Staged
from outlast.runs.fence import Fence
from outlast.staging.stopped_code import StoppedCode


class Filled(NamedTuple):
    """A part, and the cursor behind it; None where the chunk ends with it. Its rows and slices, which take more memory
    than the part, are not kept while it is staged."""

    staged: Staged
    following: PartCursor | None


@dataclass(frozen=True, slots=True)
class PartFiller:
    """`refused` are the rows, of all runs, whose code is not to be run again in this process. They are kept by the
    window's reference, which is another one when the rows are generated anew."""

    stopped: StoppedCode
    refused: RefusedRows = field(default_factory=RefusedRows)

    async def fill(self, part: PartBuilder, chunk: int, fence: Fence) -> Filled | None:
        """Return None where no row had its turn."""
        while True:
            await self._to_end(part, chunk, fence)
            if not part.taken:
                return None
            with suppress(SlicesLost):
                return Filled(await part.staged(chunk), part.next)

    async def _to_end(self, part: PartBuilder, chunk: int, fence: Fence) -> None:
        while not part.ended:
            if refusal := await part.fill():
                await self._tell(part.window, chunk, refusal)
            await fence.check()

    async def _tell(self, window: RowWindow, chunk: int, refusal: Refusal) -> None:
        """Say in the log and to the app's health that a row's code failed, and never run it again."""
        logging.getLogger("outlast").warning(
            "row %d (chunk %d of run %s, report %s) is rejected as %s: %s",
            *(refusal.row, chunk, window.run, window.report, refusal.code, refusal.message),
        )
        await self.stopped.note(window.report, "generate_report")
        self.refused.add(window.reference, chunk, window.report, refusal)
