"""Makes the copy of a file in a child process of its own, where the reader takes much memory.

A worker that has loaded pyarrow keeps 80 MB of it for ever; the child ends with the copy.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from outlast.compute.child import Child, Ended, Late
from outlast.compute.wire import Frame
from outlast.errors import Transient
from outlast.inputs.reading import Reading, Wanted
from outlast.inputs.types import BadInput
from outlast.models import Bytes, Json
from outlast.staging.copying import PostedFile

SECONDS = 60.0
"""Time for one answer."""


@dataclass(frozen=True, slots=True)
class ConvertingChild:
    """`app` is the app's folder."""

    app: Path

    async def pieces(
        self, posted: PostedFile, reading: Reading, wanted: Wanted, max_bytes: int
    ) -> AsyncGenerator[Bytes]:
        """The copy, piece by piece. Raises BadInput for a damaged file, and Transient where the process ends."""
        given = {"size": await posted.size(), "reading": reading.said(), "wanted": wanted.to_dict()}
        begin, child = {"kind": "convert", **given, "max_bytes": max_bytes}, Child(self.app)
        try:
            async with aclosing(_answers(child, begin, posted)) as answers:
                async for answer in answers:
                    yield answer.payloads[0]
        except (Late, Ended) as error:
            raise Transient(f"the process that copies the {reading.format} file ended: {error}") from None
        finally:
            await child.close()


async def _answers(child: Child, begin: Json, posted: PostedFile) -> AsyncGenerator[Frame]:
    """The answers that have a piece. What is needed for the next one is read between."""
    header, given = begin, list[bytes]()
    while not (answer := await child.ask(header, given, SECONDS)).header.get("ended"):
        header, given = {"kind": "go on"}, []
        if need := answer.header.get("need"):
            given = [await asyncio.to_thread(posted.read_now, *need)]
        elif bad := answer.header.get("bad"):
            raise BadInput(*bad)
        elif text := answer.header.get("error"):
            raise Transient(f"the file cannot be copied: {text}")
        else:
            yield answer
