"""Checks the way from this machine to the app, step by step."""

import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version

import httpx
import typer

from outlast_cli.api import read_json
from outlast_cli.errors import CommandError
from outlast_cli.exit_codes import ExitCode
from outlast_cli.session import JsonOption, ProfileOption, Session, session

MOST_SKEW_SECONDS = 60
"""By which the clocks may differ. Storage refuses upload addresses that are not valid yet."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    ok: bool
    found: str
    help: str = ""


def doctor(context: typer.Context, profile: ProfileOption = None, as_json: JsonOption = False) -> None:
    """Check address, key, versions, clock and uploads, and say what to do. Exit code 1 says that something is wrong."""
    with session(context, profile, as_json) as s:
        findings = [replace(one, help=s.output.to_call(one.help)) for one in _examine(s)]
        if s.output.as_json:
            s.output.data({"ok": all(one.ok for one in findings), "checks": [asdict(one) for one in findings]})
        else:
            rows = [(one.check, "ok" if one.ok else "wrong", one.found, one.help) for one in findings]
            s.output.table(("CHECK", "", "FOUND", "WHAT TO DO"), rows)
        if not all(one.ok for one in findings):
            raise typer.Exit(int(ExitCode.FAILED))


def _examine(s: Session) -> Iterator[Finding]:
    """Stop at the first step behind which the others cannot be checked."""
    yield Finding("command", True, f"{_own_version()}, Python {platform.python_version()}")
    try:
        address = s.address
    except CommandError as error:
        yield Finding("address", False, error.text, error.hint or "")
        return
    yield Finding("address", True, f"{address.url} from {address.source}")
    begun = s.machine.clock()
    try:
        answer = s.api.ask("GET", "/api/health")
    except CommandError as error:
        yield Finding("app", False, error.text, "Check the address, the network and whether the app runs.")
        return
    yield _app(answer, s.machine.clock() - begun)
    yield _clock(answer, s.machine.now())
    yield _health(answer)
    yield from _key(s)


def _app(answer: httpx.Response, seconds: float) -> Finding:
    found = f"answered {answer.status_code} in {seconds * 1000:.0f} ms"
    known = answer.status_code in (200, 503)
    return Finding("app", known, found, "" if known else "Is this the address of an Outlast app?")


def _clock(answer: httpx.Response, now: float) -> Finding:
    try:
        skew = now - parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return Finding("clock", True, "the app does not tell its time")
    ok = abs(skew) <= MOST_SKEW_SECONDS
    return Finding("clock", ok, f"{skew:+.0f} s against the app", "" if ok else "Set the clock of this machine.")


def _health(answer: httpx.Response) -> Finding:
    try:
        found = read_json(answer)
        red = [name for name, one in found["checks"].items() if not one["ok"]]
    except (CommandError, KeyError, TypeError):
        return Finding("health", False, "the answer is not that of an Outlast app", "Check the address.")
    return Finding("health", not red, ", ".join(red) or "ok", "Run `outlast health`." if red else "")


def _key(s: Session) -> Iterator[Finding]:
    """The key, and what can be asked only with one."""
    if s.address.key is None:
        yield Finding("key", False, "none is known", "Run `outlast login URL`, or set OUTLAST_KEY.")
        return
    try:
        reports = s.api.get("/api/reports")["reports"]
    except CommandError as error:
        yield Finding("key", False, error.text, error.hint or "")
        return
    yield Finding("key", True, f"opens {len(reports)} reports")
    yield _uploads(s)


def _uploads(s: Session) -> Finding:
    """Ask for an address as an upload does, and whether this machine reaches it. Nothing is sent."""
    answer = s.api.ask("POST", "/api/inputs", query={"name": "doctor.csv"})
    if not answer.is_success:
        text = f"files above 32 MB are not taken (POST /api/inputs answered {answer.status_code})"
        return Finding("uploads", answer.status_code < 500, text, "Put such files into INPUTS_URL; start with --input.")
    url = httpx.URL(read_json(answer)["url"])
    if url.host == httpx.URL(s.address.url).host:
        return Finding("uploads", True, "sent to the app")
    try:
        with httpx.Client(transport=s.machine.transport, timeout=10) as client:
            client.get(url.copy_with(query=None))
    except httpx.HTTPError as error:
        help_text = "Open the network to that storage account, or start with --input."
        return Finding("uploads", False, f"{url.host} gave no answer: {error or type(error).__name__}", help_text)
    return Finding("uploads", True, f"sent to {url.host}")


def _own_version() -> str:
    try:
        return f"outlast {version('outlast')}"
    except PackageNotFoundError:
        return "outlast, not installed"
