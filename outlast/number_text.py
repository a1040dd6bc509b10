"""Numbers as text with other marks than a point."""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """`thousands` is empty where digits stand in one group. A blank stands for each kind of blank."""

    decimal: str = "."
    thousands: str = ""

    def __post_init__(self) -> None:
        if is_same_mark(self.decimal, self.thousands):
            raise ValueError(f"decimal and thousands must differ, but both are {self.thousands!r}")

    def plain(self, text: str) -> str | None:
        """The number with a point and without groups; None where the text is no number of this form."""
        pattern = _pattern(self.decimal, self.thousands)
        match = pattern.fullmatch(text.strip())
        if match is None or not (match["whole"] or match["part"]):
            return None
        whole = re.sub(r"[^0-9]", "", match["whole"] or "")
        return f"{match['sign']}{whole or '0'}{'.' + match['part'] if match['part'] else ''}{match['power'] or ''}"

    def example(self) -> str:
        return f"1{self.thousands}234{self.decimal}56"


def is_same_mark(decimal: str | None, thousands: str | None) -> bool:
    """Whether one mark would stand for both, so that 1.234 could be either number. A missing decimal is a point."""
    return bool(thousands) and thousands == (decimal or ".")


@lru_cache(maxsize=64)
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Groups have three digits, but for the first."""
    mark = "[ \u00a0\u202f]" if thousands in (" ", "\u00a0", "\u202f") else re.escape(thousands)
    grouped = rf"|[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+" if thousands else ""
    return re.compile(
        rf"(?P<sign>[+-]?)(?P<whole>[0-9]+{grouped})?(?:{re.escape(decimal)}(?P<part>[0-9]*))?(?P<power>[eE][+-]?[0-9]+)?"
    )
