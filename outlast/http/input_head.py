"""Checking how an input begins: its format, and whether its header has the columns that the report needs."""

from typing import Any, NamedTuple

from outlast.http.problem import bad_request
from outlast.inputs import BadInput, IncompleteHeader, Inflater, InputFormat, detect_format
from outlast.report import Report

LOOKED_AT = 64 * 1024
"""Bytes of an input, inflated, that the start endpoint looks at. The run looks at the rest."""


class Head(NamedTuple):
    """The first bytes of an input, at most LOOKED_AT. `whole`: they are all of it."""

    data: bytes
    whole: bool


def check_head(
    content_type: str | None, filename: str | None, head: Head, report: Report[Any]
) -> tuple[InputFormat, bool]:
    """The input's format, and whether it is gzipped. Raises a 400 Problem for an input that cannot be read.

    A header that goes on behind LOOKED_AT is checked by the run.
    """
    try:
        if not head.data:
            raise BadInput("body", "the body is empty; post the file, as with curl --data-binary @FILE")
        form, gzipped = detect_format(content_type, filename, head.data)
        columns = form.columns(*(_inflated(head) if gzipped else head))
    except IncompleteHeader:
        return form, gzipped
    except BadInput as error:
        raise bad_request(str(error), error.field) from None
    _check_columns(columns, report)
    return form, gzipped


def _check_columns(columns: list[str], report: Report[Any]) -> None:
    needed = [field.alias or name for name, field in report.row.model_fields.items() if field.is_required()]
    if columns and (missing := [name for name in needed if name not in columns]):
        text = f"the header lacks the column {', '.join(missing)}, which {report.name} needs"
        raise bad_request(text, missing[0], columns=columns)


def _inflated(head: Head) -> Head:
    """The head of the file that is inside the gzip file."""
    inflater, text = Inflater(max_bytes=1 << 40, piece=LOOKED_AT // 4), b""
    for piece in inflater.feed(head.data):
        text += piece
        if len(text) > LOOKED_AT:
            return Head(text[:LOOKED_AT], False)
    if head.whole:
        inflater.finish()
    return Head(text, head.whole)
