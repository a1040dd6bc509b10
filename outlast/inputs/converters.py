"""What an input goes through before its rows are read, if it is not text in UTF-8 whose records can be found."""

from collections.abc import Iterator
from typing import IO

from outlast.inputs.compressed import Stage, inflater, limited
from outlast.inputs.fixed_width import FixedLines
from outlast.inputs.json_elements import Elements
from outlast.inputs.reading import UTF_8, Reading, Wanted
from outlast.inputs.stages import feed_all, finish_all
from outlast.inputs.transcoding import Transcoder
from outlast.inputs.zipped import read_member


def reads_everywhere(reading: Reading) -> bool:
    """Whether the reader of the input jumps about in it, so that it cannot be fed piece by piece."""
    return reading.compression == "zip" or reading.format in ("excel", "parquet")


def whole_file(file: IO[bytes], reading: Reading, wanted: Wanted, max_bytes: int) -> Iterator[bytes]:
    """What the first of the stages is fed with."""
    if reading.format == "excel":
        from outlast.inputs.excel.workbook import workbook_lines  # only where it is needed

        return limited("workbook", workbook_lines(file, reading, wanted), max_bytes)
    if reading.format == "parquet":
        from outlast.inputs.parquet import parquet_frames  # only where it is needed

        return parquet_frames(file, wanted)
    return read_member(file, reading.member, max_bytes)


def copy_of(file: IO[bytes], reading: Reading, wanted: Wanted, max_bytes: int) -> Iterator[bytes]:
    """The copy of a file whose reader jumps about in it. Raises BadInput."""
    stages = stages_of(reading, max_bytes)
    for piece in whole_file(file, reading, wanted, max_bytes):
        yield from feed_all(stages, piece)
    yield from finish_all(stages)


def stages_of(reading: Reading, max_bytes: int) -> list[Stage]:
    """The stages of the input's way, in order."""
    stages: list[Stage] = []
    if reading.compression and not reads_everywhere(reading):
        stages.append(inflater(reading.compression, max_bytes))
    if reading.encoding not in (None, UTF_8):
        stages.append(Transcoder(reading.encoding))
    return stages + shapers_of(reading)


def shapers_of(reading: Reading) -> list[Stage]:
    """The last stages, which are fed with text in UTF-8 and yield a format in which records can be found."""
    if reading.format == "json":
        return [Elements(reading.path or "")]
    if reading.format == "fixed":
        return [FixedLines(reading.widths or (), reading.header_line or 0, reading.comment or "")]
    return []


def rows_head(reading: Reading, text: bytes, whole: bool) -> bytes:
    """How the copy of an input begins that begins with this text; empty where that cannot be said."""
    shapers = shapers_of(reading)
    head = b"".join(feed_all(shapers, text))
    return head + b"".join(finish_all(shapers)) if whole and text else head
