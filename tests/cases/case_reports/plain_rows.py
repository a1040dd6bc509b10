"""Any columns; id and pk as they stand."""

from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict

from outlast.report import Document, Report, Row


class Anything(Row):
    model_config = ConfigDict(extra="allow")


class PlainRows(Report[Anything]):
    """All columns as they are."""

    container, partition_key = "plain-rows", "/pk"

    def generate_report(self, row: Anything, reference: Any) -> Iterable[Document]:
        yield row.model_dump()
