"""The zip archive that a workbook is, with limits."""

import zipfile
from typing import IO

from outlast.inputs.types import BadInput

MAX_PART = 1024**3
"""Bytes of a sheet, inflated: about a million rows of thirteen cells."""
MAX_SHARED = 64 * 1024 * 1024
"""Bytes of what is held in memory whole: the texts that cells share, the styles."""


class Archive:
    """The files of a workbook by name."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError) as error:
            raise BadInput("body", f"The workbook is damaged ({error}). Save it again.") from None
        self.names = frozenset(self._zip.namelist())

    def open(self, name: str, limit: int = MAX_PART) -> IO[bytes]:
        """A file of the archive. Raises BadInput where it is missing, or larger than `limit`."""
        if name not in self.names:
            raise BadInput("body", f"The workbook lacks {name[:100]}. Save it again.")
        info = self._zip.getinfo(name)
        if info.flag_bits & 1:
            raise BadInput("body", "The workbook has a password. Save it without.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # LZMA could ask for 4 GiB of memory
            raise BadInput("body", "The workbook is compressed as no spreadsheet program does it. Save it again.")
        if info.file_size > limit:
            text = f"{name} has {info.file_size:,} bytes and {limit:,} are read. Save the sheet as CSV"
            raise BadInput("body", f"The workbook is too large: {text}, or in parts.")
        try:
            return self._zip.open(info)  # what a file says of its size, zipfile holds it to
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise BadInput("body", f"The workbook is damaged ({error}). Save it again.") from None
