"""Checking how an input begins: how it is read, and whether its header has the columns that the report needs."""

from typing import Any, NamedTuple

from outlast.http.problem import bad_request
from outlast.inputs import BadInput, IncompleteHeader, Reading, detect_format, resolved
from outlast.inputs.converters import rows_head
from outlast.inputs.detect import LOOK_AT
from outlast.inputs.find_dialect import MissingColumns
from outlast.report import Report
from outlast.wanted import wanted_of

LOOKED_AT = LOOK_AT
"""Bytes of an input, inflated, that the start endpoint looks at. The run looks at the rest."""


class Head(NamedTuple):
    """The first bytes of an input, at most LOOKED_AT. `whole`: they are all of it."""

    data: bytes
    whole: bool


def check_head(
    content_type: str | None, filename: str | None, head: Head, report: Report[Any], said: Reading
) -> Reading:
    """How the input is read. Raises a 400 Problem for an input that cannot be read.

    `said` is what the start says of it; what it leaves open may be said by the report. A header that goes on behind
    LOOKED_AT, and what cannot be seen of a workbook or Parquet from its beginning, is checked by the run.
    """
    said = said_of(report, said)
    try:
        if not head.data:
            raise BadInput("body", "the body is empty; post the file, as with curl --data-binary @FILE")
        found = detect_format(content_type, filename, head.data, whole=head.whole, said=said)
        return _resolved(found.reading, found.text, found.whole, report)
    except MissingColumns as error:
        raise bad_request(str(error), error.field, columns=error.columns) from None
    except BadInput as error:
        raise bad_request(str(error), error.field) from None


def said_of(report: Report[Any], said: Reading) -> Reading:
    """What a start says of its input, and what it leaves open as the report says it."""
    return said.over(report.dialect.reading()) if report.dialect else said


def _resolved(reading: Reading, text: bytes, whole: bool, report: Report[Any]) -> Reading:
    """The reading as far as the head tells. The rest is found by the run."""
    head = rows_head(reading, text, whole)
    if not head:
        return reading
    try:
        return resolved(reading, head, whole, wanted_of(report.row))
    except IncompleteHeader:
        return reading
