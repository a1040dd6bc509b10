"""Reads the files of infra/ without a compiler."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
INFRA = ROOT / "infra"
DEPLOY = ROOT / "docs" / "deploy.md"
BICEP = {path.name: path.read_text("utf-8") for path in sorted(INFRA.glob("*.bicep"))}
NO_DEFAULT = "none"
"""What docs/deploy.md says where a parameter has no default."""


def parameters() -> dict[str, str]:
    """Return the default of each parameter of main.bicep as docs/deploy.md writes it."""
    found = re.findall(r"^param (\w+) \w+(?: = (.+))?$", BICEP["main.bicep"], re.MULTILINE)
    return {name: default.strip("'") or ("empty" if default else NO_DEFAULT) for name, default in found}


def azd_values() -> dict[str, str]:
    """Return the value of each parameter of main.parameters.json."""
    content: dict[str, Any] = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))
    return {name: parameter["value"] for name, parameter in content["parameters"].items()}


def settings_given() -> set[str]:
    """Return the names of the settings of the site: the members of `properties` of the resource `appsettings`."""
    block = BICEP["site.bicep"].split("name: 'appsettings'", 1)[1].split("\n}\n", 1)[0]
    return set(re.findall(r"^    (\w+): ", block, re.MULTILINE))


def containers() -> list[dict[str, Any]]:
    """Return the containers that are deployed."""
    found: list[dict[str, Any]] = json.loads((INFRA / "containers.json").read_text("utf-8"))
    return found


def table_rows(heading: str) -> dict[str, list[str]]:
    """Return the cells of each table row below a heading of docs/deploy.md, by the name in its first cell."""
    section = re.split(rf"^#+ {re.escape(heading)}$", DEPLOY.read_text("utf-8"), maxsplit=1, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| `")]
    named = {cells[0].strip("`"): cells[1:] for cells in rows}
    assert len(named) == len(rows), f"a name has two rows below {heading}"
    return named
