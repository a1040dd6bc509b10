"""Evaluates the deployment with the Bicep compiler, which needs no network and no account for it."""

import json
import os
import shutil
import subprocess
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
"""Also `.ci/run` skips these tests, because no package index that it uses has the compiler."""
SOMEBODY = "00000000-0000-0000-0000-000000000001"
Resource = dict[str, Any]
Value = str | int | bool


@cache
def resources(infra: Path = INFRA, /, **given: Value) -> tuple[Resource, ...]:
    """Return what a deployment with these parameters would create, in the order of the template."""
    values = {"environmentName": "test", "location": "westeurope", **given}
    with TemporaryDirectory() as folder:
        file = Path(folder, "test.bicepparam")
        lines = [f"param {name} = {_literal(value)}" for name, value in values.items()]
        file.write_text("\n".join([f"using '{os.path.relpath(infra, folder)}/main.bicep'", *lines]), "utf-8")
        _run("snapshot", str(file), "--mode", "Overwrite", "--location", "westeurope")
        found = json.loads(file.with_suffix(".snapshot.json").read_text("utf-8"))
    assert found["diagnostics"] == []
    return tuple(found["predictedResources"])


def of_type(kind: str, **given: Value) -> list[Resource]:
    """Return the resources of a type, such as `Microsoft.Web/sites`."""
    return [resource for resource in resources(**given) if resource["type"] == kind]


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
