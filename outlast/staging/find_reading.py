"""Finds in a file what its start could not see: format, compression and encoding."""

import io

from outlast.inputs import Reading, detect_format
from outlast.inputs.detect import LOOK_AT, detect_member
from outlast.staging.copying import BUFFER, PostedFile
from outlast.staging.parsed import InThread
from outlast.staging.ranged_file import RangedFile


async def find_reading(path: str, posted: PostedFile, known: Reading, in_thread: InThread) -> Reading:
    """How the file is read. `known` has no compression where nobody has looked at it yet. Raises BadInput."""
    if known.compression not in (None, "zip"):
        return known
    size = await posted.size()
    if known.compression is None:
        head = await posted.read(0, LOOK_AT)
        known = (await in_thread(lambda: detect_format(None, path, head, whole=len(head) >= size, said=known))).reading
    if known.compression != "zip":
        return known
    found: Reading = await in_thread(lambda: detect_member(_opened(posted, size), known))
    return found


def _opened(posted: PostedFile, size: int) -> io.BufferedReader:
    return io.BufferedReader(RangedFile(size, posted.read_now), BUFFER)
