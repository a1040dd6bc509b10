"""Runs as HTML, for emails and for who opens a link: one template, with no script and nothing from elsewhere.

jinja2 is loaded by the first page: most processes make none.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_STYLE = (FOLDER / "run.css").read_text("utf-8")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
SECURITY_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy of a page: it may use its own style, and nothing else."""


@dataclass(frozen=True, slots=True)
class ShownReject:
    row: int
    column: str
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What is said of one run. `lines` have a name and a text; `link` leads to the run."""

    heading: str
    lines: Sequence[tuple[str, str]]
    rejects: Sequence[ShownReject] = ()
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`advice` is what to do next, `receipt` JSON, `download` the address of all rejects, `live` that of a page
    which keeps itself up to date; empty is left out."""

    title: str
    sections: Sequence[Section]
    intro: str = ""
    advice: str = ""
    receipt: str = ""
    download: str = ""
    live: str = ""
    footer: Sequence[str] = field(default_factory=list)


def html(page: Page) -> str:
    """The whole document. Every text is escaped."""
    rendered: str = _template().render(page=page, style=_STYLE)
    return rendered


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(FOLDER)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("run.html")
