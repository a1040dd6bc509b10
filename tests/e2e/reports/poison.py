"""A report of the tests: rows whose code does not return, or ends its process."""

import logging
import os
import re
import signal
from collections.abc import Iterable
from typing import Any

from outlast.report import Document, Report, Row

ENDLESS = re.compile(r"(a+)+$")


class Dose(Row):
    id: str
    shelf: str
    does: str | None


class Poison(Report[Dose]):
    """Each dose as it is."""

    container, partition_key = "poison", "/shelf"

    def generate_report(self, row: Dose, reference: Any) -> Iterable[Document]:
        if row.does == "loop":
            while True:
                pass
        if row.does == "expression":
            ENDLESS.match("a" * 60 + "b")
        if row.does == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if row.does == "log":
            logging.getLogger("reports.poison").warning("a dose for %s", row.shelf)
        yield {"id": row.id, "shelf": row.shelf}
