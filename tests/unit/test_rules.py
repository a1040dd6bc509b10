"""The arrows of the design: function_app → orchestrators, activities, outlast.http → reports → outlast."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = ("function_app", "orchestrators", "activities", "reports", "outlast")
HARMLESS = {"collections", "contextlib", "dataclasses", "logging", "math", "typing"}  # all that a replay may lean on
HELPERS = (
    "outlast.durable",
    "outlast.models",
    "outlast.errors",
    "outlast.runs.ids",
    "outlast.runs.transitions",
    "orchestrators.",
)


def files(*packages: str) -> list[Path]:
    """Every source file of these packages."""
    return [path for name in packages for path in [ROOT / f"{name}.py", *(ROOT / name).rglob("*.py")] if path.exists()]


def imported(path: Path) -> Iterator[str]:
    """The full name of each module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)} imports relatively: name the package"
            yield node.module or ""


def breaches(packages: tuple[str, ...], *forbidden: str) -> list[str]:
    """Each import in these packages of something that is forbidden there, as `file imports module`."""
    return [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files(*packages)
        for module in imported(path)
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    ]


def test_the_rules_see_every_part() -> None:
    """Each deployed package has files, so that no rule passes for lack of something to look at."""
    assert all(files(package) for package in DEPLOYED)


def test_nothing_deployed_imports_what_is_local() -> None:
    """What runs on Azure runs there without local/, tests/ and bench/."""
    assert breaches(DEPLOYED, "local", "tests", "bench") == []


def test_local_knows_no_app() -> None:
    """local/ serves any app: it is given a path and imports none of ours by name."""
    assert breaches(("local",), *DEPLOYED) == []


def test_orchestrators_lean_on_nothing_that_changes() -> None:
    """Orchestrators import no I/O, clock, random or environment, for they are replayed: only what is on this list."""
    outside = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files("orchestrators")
        for module in imported(path)
        if module.split(".")[0] not in HARMLESS and not module.startswith(HELPERS)
    ]
    assert outside == []


def test_activities_know_no_story() -> None:
    """Activities import neither orchestrators nor settings nor the Durable SDK: they are told what to do."""
    assert breaches(("activities",), "orchestrators", "outlast.settings", "azure.durable_functions") == []


@pytest.mark.parametrize(
    ("package", "above"),
    [
        ("outlast", ("function_app", "orchestrators", "activities", "reports")),
        ("reports", ("function_app", "orchestrators", "activities")),
        ("activities", ("function_app", "outlast.http")),
        ("orchestrators", ("function_app", "activities", "outlast.http")),
        ("outlast/http", ("function_app", "orchestrators", "activities")),
    ],
)
def test_arrows_point_down(package: str, above: tuple[str, ...]) -> None:
    """No part imports one above it."""
    assert breaches((package,), *above) == []


def test_only_settings_reads_the_environment() -> None:
    """Among what is deployed only function_app hands the environment over, and nobody else looks at it."""
    readers = {str(path.relative_to(ROOT)) for path in files(*DEPLOYED) if "environ" in names_in(path)}
    assert readers == {"function_app.py"}


def names_in(path: Path) -> set[str]:
    """Every attribute and name that a file uses."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def test_one_name_everywhere() -> None:
    """Each activity's file defines the activity of the same name, or a class whose method it is."""
    for path in files("activities"):
        if path.stem != "__init__":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            functions = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
            assert path.stem in functions, f"{path.relative_to(ROOT)} defines no {path.stem}"
