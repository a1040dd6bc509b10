"""What is said of a run to people, in an email or on a page: which run, where and why it failed, what it wrote, what it
cost, what to do next.

It holds no address, no key and no row of the input.
"""

from outlast.models import MIRROR, Json, Totals
from outlast.runs.prices import Prices
from outlast.runs.record import OUTCOMES, RunRecord, differs

FAILED, DIFFERS = "failed", "is stored and differs"
STAYS = "could not be corrected or verified, and stays as it was"
_VERBS = {
    "completed": "is completed",
    "failed": FAILED,
    "cancelled": "was cancelled",
    "superseded": "was superseded",
    "expired": "was not approved in time",
}
VERIFY_NEXT = (
    "the first differences are in the receipt below. Something else has changed or deleted these documents since they "
    "were stored; start the report again to store them again."
)
APPROVE_NEXT = "look at GET /api/runs/{run}/plan, then POST /api/runs/{run}/approve."
REDRIVE_NEXT = (
    "remove the reason, then POST /api/runs/{run}/redrive, or `outlast redrive {run}`, which does only what is missing."
)
CORRECT_NEXT = (
    "correct those rows and send them to POST /api/runs/{run}/corrections, or with `outlast correct {run} rejects.csv`."
)
LEAVE_OUT_NEXT = (
    " To leave them out, as one does with duplicates: POST /api/runs/{run}/redrive?tolerated_rejects={rejected}, or "
    "`outlast redrive {run} --tolerated-rejects {rejected}`."
)
MIRROR_NEXT = (
    "remove the reason, then start the report again with the whole input; tolerated_rejects leaves rejected rows out."
)


def verb_of(record: RunRecord) -> str:
    """What has become of the run, or of what was asked of a completed one."""
    status = record.status
    if record.result.failure is None and differs(record.result.receipt):
        return DIFFERS
    if status.was_completed and record.result.failure is not None:
        return STAYS
    ending = status.outcome or status.state
    return FAILED if ending == "failing" else _VERBS.get(ending, f"is {ending}")


def lines_of(record: RunRecord, prices: Prices) -> list[tuple[str, str]]:
    """Each line's name and text."""
    failure, totals = _failure(record), Totals.from_dict(record.result.totals or {})
    request = record.request
    lines = [("Run", f"{record.id} (attempt {record.status.attempt}, accepted {request.accepted})")]
    if _has_failed(record):
        lines += [("Step", _where(failure)), ("Reason", failure["text"])]
    lines += [("Written", _written(record, failure, totals)), ("Rejects", _rejects(record, totals))]
    return [*lines, ("Cost", _cost(totals, prices))] if totals.ru else lines


def _has_failed(record: RunRecord) -> bool:
    """Whether there is a reason to name, which a failure of before it was recorded has not."""
    known = record.result.failure is not None or differs(record.result.receipt)
    return known or record.status.state in ("failing", *OUTCOMES)


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
    if record.status.state == "completed" or record.status.was_completed or not _has_failed(record):
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
    receipt, documents = record.result.receipt, totals.documents if totals.sends else 0
    if record.status.state == "completed" and receipt and record.result.failure is None:
        return str(receipt["documents_written"])
    all_ended = failure["step"] in ("store_data_to_db", "publish_report", "verify_report") and failure["chunk"] is None
    if all_ended and record.status.attempt == 1:
        return str(documents)
    return f"at least {documents}" if documents else "an unknown number of"


def _rejects(record: RunRecord, totals: Totals) -> str:
    if not totals.rejected:
        return "none"
    return f"{totals.rejected} of {totals.rows} rows, listed at GET /api/runs/{record.id}/rejects"


def _cost(totals: Totals, prices: Prices) -> str:
    cost = prices.of(totals.ru)
    price = "" if cost is None else f", which cost {cost['amount']:,.2f} {cost['currency'] or ''}".rstrip()
    return f"{totals.ru:,.2f} request units{price}"


def next_step(record: RunRecord) -> str:
    """What a person does about this run; empty where nothing is to be done."""
    verb, status = verb_of(record), record.status
    if verb == DIFFERS:
        return VERIFY_NEXT
    rejected = Totals.from_dict(record.result.totals or {}).rejected
    if verb in (FAILED, STAYS):
        return _after_failure(record, rejected).format(run=record.id, rejected=rejected)
    return APPROVE_NEXT.format(run=record.id) if status.state == "planned" else ""


def _after_failure(record: RunRecord, rejected: int) -> str:
    if record.request.mode == MIRROR:
        return MIRROR_NEXT
    if not rejected:
        return REDRIVE_NEXT
    return CORRECT_NEXT if record.status.was_completed else CORRECT_NEXT + LEAVE_OUT_NEXT
