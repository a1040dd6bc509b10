"""A page of the docs that can be followed: the files and commands in it, and what it says that they show.

A block ```console has commands after `$ ` and the lines that each shows. `…` stands for any text of a line, and for any
lines where it stands alone. A block after `<!-- file: PATH -->` is that file. Other blocks are not followed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class File:
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """`shows` is empty where the page shows nothing of the output."""

    text: str
    shows: str


def steps(page: str) -> Iterator[File | Command]:
    """Yield what a reader does, in order."""
    for block in BLOCK.finditer(page):
        if block["file"]:
            yield File(block["file"], block["text"])
        elif block["kind"] == "console":
            for one in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                text, _, shows = one.partition("\n")
                yield Command(text, shows)


def shell_lines(page: str) -> list[str]:
    """Return the lines of the blocks ```sh, which a test cannot run."""
    blocks = [block["text"] for block in BLOCK.finditer(page) if block["kind"] == "sh"]
    return [line for text in blocks for line in text.splitlines() if line]


def matches(shows: str, seen: str) -> bool:
    """Whether an output is what the page shows, without regard to how many blanks there are in a row."""
    return not shows or bool(re.fullmatch("".join(map(_pattern, _lines(shows))), "".join(_lines(seen))))


def _pattern(line: str) -> str:
    return "(?s:.*)" if line == "…\n" else re.escape(line).replace("…", "[^\n]*")


def _lines(text: str) -> list[str]:
    shown = text.replace("\ufeff", "")  # a terminal shows no byte order mark
    return [" ".join(line.split()) + "\n" for line in shown.removesuffix("\n").split("\n")]


def read_page(path: Path) -> list[File | Command]:
    return list(steps(path.read_text("utf-8")))
