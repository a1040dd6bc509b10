"""Writes docs/api.md: the text of tools/api.md.j2 with the tables of the API's description. `make api` runs it."""

import re
from pathlib import Path

import jinja2

from outlast.http.openapi.document import OPERATIONS, statuses_of
from outlast.http.openapi.parts import Operation
from outlast.http.openapi.texts import tables

ROOT = Path(__file__).resolve().parents[1]
PAGE, TEMPLATE = ROOT / "docs" / "api.md", ROOT / "tools" / "api.md.j2"
EVERYWHERE = (401, 503)


def api_page() -> str:
    """The page as it should be."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(table=lambda name: tables()[name], endpoints=endpoints)


def endpoints() -> str:
    """A row for each operation, with a link to its part of the page."""
    rows = [_row(one) for one in OPERATIONS]
    return "\n".join(["| endpoint | what it does | answers | problems |", "|---|---|---|---|", *rows])


def _row(one: Operation) -> str:
    anchor = re.sub(r"[^\w -]", "", one.heading).lower().replace(" ", "-")
    problems = [str(status) for status in statuses_of(one) if status not in EVERYWHERE]
    answers = ", ".join(map(str, one.answers))
    return f"| [`{one.method} {one.path}`](#{anchor}) | {one.summary} | {answers} | {', '.join(problems)} |"


if __name__ == "__main__":
    PAGE.write_text(api_page(), "utf-8")
