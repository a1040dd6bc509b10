"""The apostrophe that keeps a spreadsheet from taking a field of the rejects for a formula (OWASP, "CSV Injection").

A spreadsheet may split a line at semicolons or tabs instead of commas, so the text after each of them is guarded, too.
"""

import re

OWN_COLUMNS = ("row", "column", "code", "message")
"""The first columns of a rejects file."""
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20'"
_SPLITS = ";\t\r\n"
_AT_RISK = re.compile(rf"\A(?=[{_SIGNS}\t\r\n])|(?<=[{_SPLITS}])(?=[{_SIGNS}])")
"""Where the text goes on as a formula may begin, or with an apostrophe, which a guard must not be mistaken for."""
_GUARD = re.compile(rf"(?:\A|(?<=[{_SPLITS}]))'")


def guarded(field: str) -> str:
    """The field with an apostrophe wherever a spreadsheet may find a formula."""
    return _AT_RISK.sub("'", field)


def unguarded(field: str) -> str:
    """The field without the apostrophes that `guarded` has added."""
    return _GUARD.sub("", field)


def is_rejects_header(columns: list[str]) -> bool:
    """Whether these are the columns of a rejects file, which was corrected and is sent back."""
    return tuple(columns[: len(OWN_COLUMNS)]) == OWN_COLUMNS


def own_columns(columns: list[str]) -> list[str]:
    """The columns without those that a rejects file has in front."""
    return columns[len(OWN_COLUMNS) :] if is_rejects_header(columns) else columns
