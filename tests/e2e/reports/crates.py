"""A report of the tests: crates with anything in them."""

import json
from collections.abc import Iterable
from typing import Any

from outlast.report import Document, Report, Row


class Crate(Row):
    id: Any = None
    shelf: Any = None
    content: Any = None
    written: str | None = None
    """More members as JSON text, parsed by Python's own reader, which accepts NaN and lone surrogates."""


class Crates(Report[Crate]):
    """Each crate as it is."""

    container, partition_key = "crates", "/shelf"
    mode = "snapshot"

    def generate_report(self, row: Crate, reference: None) -> Iterable[Document]:
        more = json.loads(row.written) if row.written else {}
        yield {"id": row.id, "shelf": row.shelf, "content": row.content, **more}
