"""Texts of the demo's output."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from local.console import say

WIDTH = 100


def title(text: str) -> None:
    say(f"\n{text}\n")


def receipt_lines(receipt: Mapping[str, Any]) -> str:
    """Return the receipt's numbers, one a line."""
    counts = {name: value for name, value in receipt.items() if isinstance(value, int | float)}
    return "\n".join(f"  {name.replace('_', ' '):<18} {number(value):>10}" for name, value in counts.items())


def number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def document_lines(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return each document on a line, without the members that the database adds."""
    own = [{name: value for name, value in found.items() if not name.startswith("_")} for found in documents]
    return "\n".join(f"  {json.dumps(found)}" for found in own)


def reject_lines(rejects: Sequence[Mapping[str, str]]) -> str:
    return "\n".join(
        f"  row {reject['row']:>3}  {reject['column'] or '-':<12} {reject['code']:<18} {reject['message']}"
        for reject in rejects
    )


def mail_lines(mail: Mapping[str, Any]) -> str:
    head = f"From: {mail['from']}\nTo: {', '.join(mail['to'])}\nSubject: {mail['subject']}\n"
    return "\n".join(f"  | {line}".rstrip() for line in f"{head}\n{mail['text']}".splitlines())
