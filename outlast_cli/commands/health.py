"""Shows whether a run could be done now."""

import typer

from outlast_cli.api import read_json
from outlast_cli.exit_codes import ExitCode
from outlast_cli.problems import refused
from outlast_cli.session import JsonOption, ProfileOption, session


def health(context: typer.Context, profile: ProfileOption = None, as_json: JsonOption = False) -> None:
    """Show whether the app could do a run now. Exit code 1 says that a check is red."""
    with session(context, profile, as_json) as s:
        answer = s.api.ask("GET", "/api/health")
        if answer.status_code not in (200, 503):
            raise refused(answer)
        found = read_json(answer)
        if s.output.as_json:
            s.output.data(found)
        else:
            s.output.table(("CHECK", "STATE", "WHAT TO DO"), [_row(name, one) for name, one in found["checks"].items()])
        if found["status"] != "ok":
            raise typer.Exit(int(ExitCode.FAILED))


def _row(name: str, check: dict[str, object]) -> tuple[str, object, object]:
    state = "warning" if check.get("warning") else "ok" if check["ok"] else "failing"
    said = check.get("problem") or check.get("warning")
    return name, state, ". ".join(str(one) for one in (said, check.get("help")) if one)
