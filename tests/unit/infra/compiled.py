"""Evaluates the deployment with the Bicep compiler, which needs no network and no account for it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.unit.infra.infra_files import INFRA

COMPILER = os.environ.get("BICEP") or shutil.which("bicep")
needs_compiler = pytest.mark.skipif(
    COMPILER is None, reason="no Bicep compiler: install it (az bicep install), or name it in BICEP"
)
"""Also `.ci/run` skips these tests where it finds no compiler, because no package index has one."""
SOMEBODY = "00000000-0000-0000-0000-000000000001"
ROLE_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
Resource = dict[str, Any]
Value = str | int | bool


COMBINATIONS = Path(__file__).parent / "combinations"
"""One file of parameters each."""


@cache
def resources(infra: Path = INFRA, /, **given: Value) -> tuple[Resource, ...]:
    """Return what a deployment with these parameters would create, in the order of the template."""
    values = {"environmentName": "test", "location": "westeurope", **given}
    return _predicted([f"param {name} = {_literal(value)}" for name, value in values.items()], infra)


@cache
def combination(name: str) -> tuple[Resource, ...]:
    """Return what a deployment with the parameters of a file of `combinations/` would create."""
    using, *parameters = (COMBINATIONS / f"{name}.bicepparam").read_text("utf-8").splitlines()
    assert using == "using '../../../../infra/main.bicep'"
    return _predicted(parameters, INFRA)


def _predicted(parameters: list[str], infra: Path) -> tuple[Resource, ...]:
    with TemporaryDirectory() as folder:
        file = Path(folder, "test.bicepparam")
        lines = [f"using '{os.path.relpath(infra, folder)}/main.bicep'", *parameters]
        file.write_text("\n".join(lines), "utf-8")
        _run("snapshot", str(file), "--mode", "Overwrite", "--location", "westeurope")
        found = json.loads(file.with_suffix(".snapshot.json").read_text("utf-8"))
    assert found["diagnostics"] == []
    return tuple(found["predictedResources"])


def of_type(kind: str, **given: Value) -> list[Resource]:
    """Return the resources of a type, such as `Microsoft.Web/sites`."""
    return [resource for resource in resources(**given) if resource["type"] == kind]


def roles_of(deployed: Iterable[Resource]) -> set[tuple[str, str]]:
    """Return kind of scope and role of each assignment of Azure RBAC."""
    found = [each for each in deployed if each["type"] == ROLE_ASSIGNMENT]
    return {(_scope(each["id"]), each["properties"]["roleDefinitionId"].rsplit("/", 1)[1]) for each in found}


def _scope(assignment: str) -> str:
    """The id of a role for the vault is an expression, because the vault's name comes from a secure parameter."""
    return "vaults" if "Microsoft.KeyVault" in assignment else assignment.split("/")[-6]


def _literal(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _run(command: str, *arguments: str) -> None:
    assert COMPILER
    ids = ("--subscription-id", SOMEBODY, "--tenant-id", SOMEBODY)
    ended = subprocess.run(
        [COMPILER, command, *arguments, *ids], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
