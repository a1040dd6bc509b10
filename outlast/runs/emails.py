"""The emails about runs, as text and as HTML: one about a run, or a digest of many."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from outlast.errors import shorten
from outlast.links import Link, Links
from outlast.mail import Email
from outlast.rendering.page import Page, Section, ShownReject, html
from outlast.runs.prices import Prices
from outlast.runs.record import RunRecord
from outlast.runs.telling import DIFFERS, FAILED, REDRIVE_NEXT, STAYS, lines_of, next_step, verb_of

MOST_LINE = 300
"""Characters of a line about one run of a digest."""
_ONCE = (FAILED, DIFFERS, STAYS)


@dataclass(frozen=True, slots=True)
class Emails:
    """Writes emails. One about the same end is the same each time, so that a repeat can be recognised."""

    links: Links
    prices: Prices = field(default_factory=Prices)

    def one(self, record: RunRecord, rejects: Sequence[ShownReject] = ()) -> Email:
        """The email about one run. Of the rejects it has row, column and code: messages can repeat a row's value."""
        verb, next_, link = verb_of(record), next_step(record), self._link(record)
        title = f"The report {record.request.report} {verb}."
        receipt = _receipt(record)
        section = Section(title, lines_of(record, self.prices), rejects, link)
        page = Page(title, [section], advice=next_, receipt=receipt)
        lines = [
            title,
            "",
            *(f"{name + ':':<10}{text}" for name, text in section.lines),
            *_first(rejects),
            *_opened(link),
            *(["", "What to do next: " + next_] if next_ else []),
            *(["", "Receipt:", receipt] if receipt else []),
        ]
        subject = f"Report {record.request.report} {verb}: run {record.id}"
        return Email(_key(record, verb), subject, "\n".join(lines), html(page))

    def digest(self, key: str, records: Sequence[RunRecord]) -> Email:
        """The email about many runs, with each of them."""
        verb = "failed" if all(verb_of(record) in _ONCE for record in records) else "ended"
        title = f"{len(records)} runs {verb}."
        intro = "Few emails are sent in a minute, so this one is about all of these runs."
        next_ = "GET /api/runs/{run} shows each run. " + REDRIVE_NEXT
        sections = [self._section(record) for record in records]
        lines = [
            f"{title} {intro}",
            "",
            *(line for section in sections for line in _text(section)),
            "What to do next: " + next_,
        ]
        reports = Counter(record.request.report for record in records)
        counted = ", ".join(f"{report} ({number})" for report, number in reports.most_common())
        subject = shorten(f"{len(records)} runs {verb}: {counted}", MOST_LINE)
        return Email(key, subject, "\n".join(lines), html(Page(title, sections, intro, next_)))

    def _section(self, record: RunRecord) -> Section:
        lines = [(name, shorten(" ".join(text.split()), MOST_LINE)) for name, text in lines_of(record, self.prices)]
        return Section(f"{record.request.report} {verb_of(record)}", lines, link=self._link(record))

    def _link(self, record: RunRecord) -> str | None:
        """A link that holds from the end of the run on; None where there are no links, or the app knows no address."""
        if not (self.links.configured and self.links.address):
            return None
        until = self.links.until(datetime.fromisoformat(record.status.since or record.request.accepted))
        return self.links.uri(Link(record.id, record.status.link_version, until))


def _key(record: RunRecord, verb: str) -> str:
    """Each attempt has one email about a failure."""
    ending = "failed" if verb in _ONCE else record.status.outcome or record.status.state
    return f"{record.id}:{record.status.attempt}:{ending}"


def _first(rejects: Sequence[ShownReject]) -> list[str]:
    lines = [f"  row {one.row}{f', column {one.column}' if one.column else ''}: {one.code}" for one in rejects]
    return ["", "First rejects:", *lines] if lines else []


def _opened(link: str | None) -> list[str]:
    return ["", f"Open this run: {link}"] if link else []


def _text(section: Section) -> list[str]:
    lines = [f"  {name}: {text}" for name, text in section.lines]
    return [section.heading, *lines, *([f"  Open this run: {section.link}"] if section.link else []), ""]


def _receipt(record: RunRecord) -> str:
    """The receipt as it is in the record, for a run that came as far as having one."""
    receipt = record.result.receipt
    return "" if receipt is None else orjson.dumps(receipt, option=orjson.OPT_INDENT_2).decode()
