"""The errors that SendGrid's v3 API returns for a mail/send call, in its own words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One entry of SendGrid's error body."""

    message: str
    field: str | None = None
    help: str | None = None


def problems_of(body: object) -> Iterator[Problem]:
    """Yield the errors that SendGrid would return for the body of a mail/send call."""
    if not isinstance(body, dict):
        yield Problem(message="Bad Request")
        return
    yield from _personalization_problems(body)
    yield from _sender_problems(body.get("from"))
    yield from _subject_problems(body)
    yield from _content_problems(_entries(body, "content"))


def _personalization_problems(body: dict[str, Any]) -> Iterator[Problem]:
    personalizations = _entries(body, "personalizations")
    if not personalizations:
        yield Problem(
            message="The personalizations field is required and must have at least one personalization.",
            field="personalizations",
            help=f"{HELP}-Personalizations-Errors",
        )
        return
    for number, personalization in enumerate(personalizations):
        yield from _recipient_problems(personalization, f"personalizations.{number}.to")


def _recipient_problems(personalization: object, field: str) -> Iterator[Problem]:
    to = _entries(personalization, "to")
    if not to:
        yield Problem(
            message="The to array is required for all personalization objects, and must have at least one email "
            "object with a valid email address.",
            field=field,
            help=f"{HELP}message.personalizations.to",
        )
        return
    for number, address in enumerate(to):
        if not _is_address(address):
            yield _no_address(f"{field}.{number}.email", "message.personalizations.to")


def _sender_problems(sender: object) -> Iterator[Problem]:
    if not isinstance(sender, dict) or "email" not in sender:
        yield Problem(
            message="The from object must be provided for every email send. It is an object that requires the email "
            'parameter, but may also contain a name parameter.  e.g. {"email" : "example@example.com"}  or '
            '{"email" : "example@example.com", "name" : "Example Recipient"}.',
            field="from.email",
            help=f"{HELP}message.from",
        )
    elif not _is_address(sender):
        yield _no_address("from.email", "message.from")


def _subject_problems(body: dict[str, Any]) -> Iterator[Problem]:
    own = [_text(entry, "subject") for entry in _entries(body, "personalizations")]
    if not _text(body, "subject") and not (own and all(own)):
        yield Problem(
            message="The subject is required. You can get around this requirement if you use a template with a "
            "subject defined or if every personalization has a subject defined.",
            field="subject",
            help=f"{HELP}message.subject",
        )


def _content_problems(content: list[Any]) -> Iterator[Problem]:
    if not content:
        yield Problem(
            message="Unless a valid template_id is provided, the content parameter is required. There must be at "
            "least one defined content block. We typically suggest both text/plain and text/html blocks are "
            "included, but only one block is required.",
            field="content",
            help=f"{HELP}message.content",
        )
        return
    for number, part in enumerate(content):
        for field in ("type", "value"):
            if not _text(part, field):
                yield Problem(
                    message=f"The content {field} must be a string at least one character in length.",
                    field=f"content.{number}.{field}",
                    help=f"{HELP}message.content.{field}",
                )


def _no_address(field: str, topic: str) -> Problem:
    return Problem(message="Does not contain a valid address.", field=field, help=f"{HELP}{topic}")


def _is_address(value: object) -> bool:
    """Return whether the value has an email of the form name@domain. SendGrid checks little more."""
    if not isinstance(value, dict) or not isinstance(value.get("email"), str):
        return False
    name, at, domain = value["email"].rpartition("@")
    return bool(name and at and domain and "." in domain and not set(value["email"]) & set(" \r\n<>"))


def _text(value: object, field: str) -> bool:
    return isinstance(value, dict) and isinstance(value.get(field), str) and bool(value[field])


def _entries(value: object, field: str) -> list[Any]:
    """Return the list in that field, or an empty list."""
    entries = value.get(field) if isinstance(value, dict) else None
    return entries if isinstance(entries, list) else []
