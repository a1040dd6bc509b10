"""Reads texts.txt: what parameters and members mean, in tables that the documentation shows, too."""

import re
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("texts.txt")


@cache
def tables() -> dict[str, str]:
    """The tables by the headings above them."""
    parts = re.split(r"^## (\S+)\n", _FILE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def meanings(table: str) -> dict[str, str]:
    """The last cell of each row by each of the names in its first cell, without links, which lead nowhere elsewhere."""
    found: dict[str, str] = {}
    for line in tables()[table].splitlines()[2:]:
        first, *_, last = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        names = re.findall(r"`([^`]+)`", first) or [first]
        found |= dict.fromkeys(names, without_links(last))
    return found


def without_links(text: str) -> str:
    return re.sub(r"\[([^]]+)]\([^)]+\)", r"\1", text)
