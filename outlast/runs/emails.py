"""The texts of emails about failed runs: which, where, why, what was written, what to do next.

They hold no address, no key and no row of the input. A run that has a receipt sends it along.
"""

from collections import Counter
from collections.abc import Sequence

import orjson

from outlast.errors import shorten
from outlast.mail import Email
from outlast.models import Json, Totals
from outlast.runs.record import RunRecord, differs

DIFFERS, STAYS = "is stored and differs", "could not be corrected or verified, and stays as it was"
VERIFY_NEXT = (
    "the first differences are in the receipt below. Something else has changed or deleted these documents since they "
    "were stored; start the report again to store them again."
)
MOST_LINE = 300
"""Characters of a line about one run of a digest."""


def email(record: RunRecord) -> Email:
    """The email about one run that failed, or whose verification did."""
    verb = _verb(record)
    failure, totals = _failure(record), Totals.from_dict(record.result.totals or {})
    lines = [
        f"The report {record.request.report} {verb}.",
        "",
        f"Run:      {record.id} (attempt {record.status.attempt}, accepted {record.request.accepted})",
        f"Step:     {_where(failure)}",
        f"Reason:   {failure['text']}",
        f"Written:  {_written(record, failure, totals)}",
        f"Rejects:  {_rejects(record, totals)}",
        "",
        "What to do next: " + (VERIFY_NEXT if verb == DIFFERS else _next(totals)),
        *_receipt(record),
    ]
    return Email(
        f"{record.id}:{record.status.attempt}:failed",
        f"Report {record.request.report} {verb}: run {record.id}",
        "\n".join(lines),
    )


def _verb(record: RunRecord) -> str:
    """What the email is about: a failed run, or what was asked of a completed one."""
    if record.result.failure is None and differs(record.result.receipt):
        return DIFFERS
    return STAYS if record.status.was_completed else "failed"


def digest_email(key: str, records: Sequence[RunRecord]) -> Email:
    """The email about many failed runs, with each of them."""
    reports = Counter(record.request.report for record in records)
    counted = ", ".join(f"{report} ({number})" for report, number in reports.most_common())
    lines = [
        f"{len(records)} runs failed. Few emails are sent in a minute, so this one is about all of these runs.",
        "",
        *(line for record in records for line in _lines(record)),
        "What to do next: GET /api/runs/{run} shows each run. " + _next(Totals()),
    ]
    return Email(key, shorten(f"{len(records)} runs failed: {counted}", MOST_LINE), "\n".join(lines))


def _lines(record: RunRecord) -> list[str]:
    failure, totals = _failure(record), Totals.from_dict(record.result.totals or {})
    reason = shorten(" ".join(failure["text"].split()), MOST_LINE)
    request, attempt = record.request, record.status.attempt
    return [
        f"{request.report}, run {record.id} (attempt {attempt}, accepted {request.accepted})",
        f"  {_where(failure)}: {reason}",
        f"  Written: {_written(record, failure, totals)}",
        f"  Rejects: {_rejects(record, totals)}",
        "",
    ]


def _receipt(record: RunRecord) -> list[str]:
    """The receipt as it is in the record, for a run that came as far as having one."""
    receipt = record.result.receipt
    return [] if receipt is None else ["", "Receipt:", orjson.dumps(receipt, option=orjson.OPT_INDENT_2).decode()]


def _failure(record: RunRecord) -> Json:
    unknown = {"step": "an unknown step", "chunk": None, "text": "the reason was not recorded"}
    return record.result.failure or _verification(record) or unknown


def _verification(record: RunRecord) -> Json | None:
    """The failure of a verification; None where it found no difference. It names no document."""
    if not differs(record.result.receipt):
        return None
    found = (record.result.receipt or {})["verified"]
    text = f"of {found['documents']} documents {found['different']} are different and {found['missing']} are missing"
    if "repaired" in found:
        text = f"{text}; {found['repaired']} of these were written again"
    return {"step": "verify_report", "chunk": None, "text": text}


def _where(failure: Json) -> str:
    return failure["step"] if failure["chunk"] is None else f"{failure['step']}, chunk {failure['chunk']}"


def _written(record: RunRecord, failure: Json, totals: Totals) -> str:
    if not record.status.wrote:
        return "nothing"
    documents = f"{_count(record, failure, totals)} documents"
    if record.status.state == "completed" or record.status.was_completed:
        return documents
    if record.request.mode == "snapshot":
        undone = "are still to be removed" if "undo" in record.status.pending else "have been removed again"
        return f"{documents}, which {undone}; readers see the report as it was"
    if record.request.mode == "delete":
        return f"{documents} deleted, which stay deleted: the report's mode is delete"
    return f"{documents}, which stay: the report's mode is {record.request.mode}"


def _count(record: RunRecord, failure: Json, totals: Totals) -> str:
    """How many documents a run that began to store has written, as far as that is known.

    The number is exact only when every storing call of the only attempt has ended well. In each other case a call that
    failed, was given up or belongs to a run that was ended from outside may have written more than was counted.
    """
    documents = totals.documents if totals.sends else 0
    all_ended = failure["step"] in ("store_data_to_db", "publish_report", "verify_report") and failure["chunk"] is None
    if all_ended and record.status.attempt == 1:
        return str(documents)
    return f"at least {documents}" if documents else "an unknown number of"


def _rejects(record: RunRecord, totals: Totals) -> str:
    if not totals.rejected:
        return "none"
    return f"{totals.rejected} of {totals.rows} rows, listed at GET /api/runs/{record.id}/rejects"


def _next(totals: Totals) -> str:
    if totals.rejected:
        return (
            "correct those rows and send them to POST /api/runs/{run}/corrections, or start the report again with "
            "tolerated_rejects to leave them out."
        )
    return "remove the reason, then POST /api/runs/{run}/redrive, which does only what is missing."
