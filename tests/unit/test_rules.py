"""The arrows of the design: function_app → orchestrators, activities, outlast.http → reports → outlast."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT_IN = sys.stdlib_module_names
DEPLOYED = ("function_app", "orchestrators", "activities", "reports", "outlast")
HARMLESS = {"collections", "contextlib", "dataclasses", "logging", "math", "typing"}  # all that a replay may lean on
CHECKOUT = "outlast_cli/checkout.py"
HELPERS = (
    "outlast.durable",
    "outlast.calls",
    "outlast.models",
    "outlast.orchestrations",
    "outlast.errors",
    "outlast.runs.ids",
    "outlast.runs.transitions",
    "orchestrators.",
)


def files(*packages: str) -> list[Path]:
    """Return every source file of these packages."""
    return [path for name in packages for path in [ROOT / f"{name}.py", *(ROOT / name).rglob("*.py")] if path.exists()]


def imported(path: Path) -> Iterator[str]:
    """Return the full name of each module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)} imports relatively: name the package"
            yield node.module or ""


def breaches(packages: tuple[str, ...], *forbidden: str) -> list[str]:
    """Return each import in these packages of something that is forbidden there, as `file imports module`."""
    return [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files(*packages)
        for module in imported(path)
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    ]


def test_the_rules_see_every_part() -> None:
    """Each deployed package has files, so that no rule passes without anything to check."""
    assert all(files(package) for package in DEPLOYED)


def test_nothing_deployed_imports_what_is_local() -> None:
    """What runs on Azure runs there without local/, outlast_cli/, tests/ and bench/."""
    assert breaches(DEPLOYED, "local", "outlast_cli", "tests", "bench") == []


def test_local_knows_no_app() -> None:
    """Nothing in local/ imports the app, which is given to it as a path."""
    assert breaches(("local",), *DEPLOYED) == []


def test_the_command_is_a_client_alone() -> None:
    """outlast_cli/ imports neither the app nor local/, but for the one file that loads a checkout's code."""
    found = breaches(("outlast_cli",), *DEPLOYED, "local", "tests")
    assert [breach for breach in found if not breach.startswith(f"{CHECKOUT} imports outlast.")] == []


def test_the_profile_of_serve_needs_no_library() -> None:
    """The file of profiles, which local/ writes too, imports nothing but Python's own modules and errors."""
    modules = set(imported(ROOT / "outlast_cli" / "profiles.py"))
    assert {module for module in modules if module.split(".")[0] not in BUILT_IN} == {"outlast_cli.errors"}


def test_orchestrators_lean_on_nothing_that_changes() -> None:
    """Orchestrators, which are replayed, import only what is on this list: no I/O, clock, random or environment."""
    outside = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files("orchestrators")
        for module in imported(path)
        if module.split(".")[0] not in HARMLESS and not module.startswith(HELPERS)
    ]
    assert outside == []


def test_activities_know_no_story() -> None:
    """Activities import neither orchestrators nor settings nor the Durable SDK."""
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
    """No package imports one above it."""
    assert breaches((package,), *above) == []


def test_only_settings_reads_the_environment() -> None:
    """function_app is the only deployed file that reads the environment, which it passes on."""
    readers = {str(path.relative_to(ROOT)) for path in files(*DEPLOYED) if "environ" in names_in(path)}
    assert readers == {"function_app.py"}


def names_in(path: Path) -> set[str]:
    """Return every attribute and name that a file uses."""
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


def imports_between(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Return the modules among these that each of them imports, wherever in the file, for types too."""
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        members = {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
        found[name] = ({*imported(path), *members} & modules.keys()) - {name}
    return found


def module_names(*packages: str) -> dict[str, Path]:
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files(*packages)}


def in_a_circle(arrows: dict[str, set[str]]) -> set[str]:
    """Return the modules from which imports lead back to themselves, and those between circles."""
    left = dict(arrows)
    while ends := {name for name, targets in left.items() if not targets & left.keys()}:
        left = {name: targets for name, targets in left.items() if name not in ends}
    return set(left)


@pytest.mark.parametrize("package", ["outlast", "outlast_cli", "local", "orchestrators", "activities"])
def test_no_imports_go_in_a_circle(package: str) -> None:
    """No module imports itself through others, inside functions and for types included."""
    assert in_a_circle(imports_between(module_names(package))) == set()


def room_of(module: str) -> str:
    """Return the package of a module of `outlast`. A module at its top is a package of its own here."""
    return module.split(".")[1]


def test_the_rooms_of_the_library_are_in_no_circle() -> None:
    """The packages of `outlast` have an order: no two of them import each other."""
    rooms: dict[str, set[str]] = {}
    for module, targets in imports_between(module_names("outlast")).items():
        rooms.setdefault(room_of(module), set()).update(room_of(target) for target in targets)
    assert in_a_circle({room: targets - {room} for room, targets in rooms.items()}) == set()


def test_a_planted_circle_is_found() -> None:
    """A circle of three is found, and a module that only leads to it is found with it."""
    assert in_a_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set(), "e": {"d"}}) == {"a", "b", "c"}


def test_a_report_needs_no_database_client() -> None:
    """`outlast.report`, which every user's report imports, leads neither to azure-cosmos nor to the runs."""
    modules = module_names("outlast")
    arrows, reached = imports_between(modules), {"outlast.report"}
    while more := {target for name in reached for target in arrows[name]} - reached:
        reached |= more
    foreign = {module for name in reached for module in runtime_imports(modules[name])}
    assert not {module for module in foreign if module.startswith(("azure", "outlast.runs", "outlast.cosmos"))}


def runtime_imports(path: Path) -> set[str]:
    """Return what a file imports when it is loaded, without imports under TYPE_CHECKING."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    }
