"""Lists the reports that an app can run."""

from typing import Annotated, Any

import typer

from outlast_cli.errors import CommandError
from outlast_cli.exit_codes import ExitCode
from outlast_cli.session import JsonOption, ProfileOption, Session, session


def reports(
    context: typer.Context,
    report: Annotated[str | None, typer.Argument(help="Show this one with its columns and parameters.")] = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the reports that can be run, or show one."""
    with session(context, profile, as_json) as s:
        found = s.api.get("/api/reports")
        if report is not None:
            _show_one(s, _named(found["reports"], report))
        elif s.output.as_json:
            s.output.data(found)
        else:
            rows = [(one["name"], one["mode"], one["container"], _first_line(one["doc"])) for one in found["reports"]]
            s.output.table(("REPORT", "MODE", "CONTAINER", "WHAT"), rows)


def _named(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for one in found:
        if one["name"] == name:
            return one
    known = ", ".join(one["name"] for one in found) or "none"
    raise CommandError(f"There is no report {name}; there are: {known}", ExitCode.MISSING)


def _show_one(s: Session, report: dict[str, Any]) -> None:
    if s.output.as_json:
        s.output.data(report)
        return
    keys = report["partition_key"]
    s.output.pairs(
        [
            ("report", report["name"]),
            ("what", _first_line(report["doc"])),
            ("mode", report["mode"]),
            ("container", report["container"]),
            ("partition key", keys if isinstance(keys, str) else ", ".join(keys)),
        ]
    )
    for title, schema in (("COLUMN", report["row_schema"]), ("PARAMETER", report["parameters_schema"])):
        rows = [(name, _type(one), _default(name, one, schema)) for name, one in schema.get("properties", {}).items()]
        if rows:
            s.output.line("")
            s.output.table((title, "TYPE", "DEFAULT"), rows)


def _type(schema: dict[str, Any]) -> str:
    """Name the type of a JSON Schema in short: `string (date-time) or null`."""
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    kind = str(schema.get("type") or schema.get("$ref", "any").rpartition("/")[2])
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _default(name: str, schema: dict[str, Any], whole: dict[str, Any]) -> str:
    return "required" if name in whole.get("required", []) else str(schema.get("default", ""))


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]
