"""The shapes that the design allows: how orchestrators fan out, what is registered, what files and requirements there
are. Where a file may lean is in test_rules.py; that each of those rules bites is shown here too."""

import ast
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outlast import durable
from tests.fakes.registered import registered_functions
from tests.fakes.replay import Action, ReplayContext
from tests.unit import test_rules as rules

ROOT = Path(__file__).resolve().parents[2]
HELPERS_OF_STORIES = {"fan_out", "progress", "run_at_work"}
"""Files of orchestrators/ that are no orchestrators."""
BEHIND = {
    "azure.core": "azure-cosmos",
    "azure.cosmos": "azure-cosmos",
    "azure.durable_functions": "azure-functions-durable",
    "azure.functions": "azure-functions",
    "azure.identity": "azure-identity",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry": "opentelemetry-api",
    "pydantic_core": "pydantic",
    "python_http_client": "sendgrid",
}
"""Which requirement brings a module that is not named like it."""
BUILT_IN = sys.stdlib_module_names


def stories() -> dict[str, str]:
    """Return the source of every file of orchestrators/, and of the module that calls activities."""
    paths = [*(ROOT / "orchestrators").glob("*.py"), ROOT / "outlast" / "durable.py"]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}


def fan_out_faults(source: str) -> Iterator[str]:
    """Yield each shape that loses results, or runs one task after another, on the Azure host."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Yield)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = node.func.attr
            if called == "task_any" and sorted(_called(tree, node.args[0])) != [
                "create_timer",
                "wait_for_external_event",
            ]:
                yield "task_any falls to one task in flight, but for an event and a timer"
            if called.endswith("_with_retry") and id(node) not in alone:
                yield f"{called} must be yielded alone"
            if called == "task_all" and not all(_is_sub_orchestration(part) for part in _parts(tree, node.args[0])):
                yield "task_all takes only sub-orchestrations without retry"


def _called(tree: ast.AST, argument: ast.expr) -> list[str]:
    """Return what the tasks of a list call, each given directly or by a name."""
    tasks = argument.elts if isinstance(argument, ast.List) else []
    values = [value for task in tasks for value in (_assigned(tree, task.id) if isinstance(task, ast.Name) else [task])]
    return [getattr(value.func, "attr", "") if isinstance(value, ast.Call) else "" for value in values]


def _parts(tree: ast.AST, argument: ast.expr) -> list[ast.expr | None]:
    """Return the tasks of a `task_all`: the elements of a list, given directly or by a name."""
    if isinstance(argument, ast.Name):
        return [part for value in _assigned(tree, argument.id) for part in _parts(tree, value)] or [None]
    if isinstance(argument, ast.ListComp):
        return [argument.elt]
    return list(argument.elts) if isinstance(argument, ast.List) else [None]


def _assigned(tree: ast.AST, name: str) -> list[ast.expr]:
    """Return what is assigned to a name anywhere in the file."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]


def _is_sub_orchestration(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "call_sub_orchestrator"


def names_called(source: str) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each activity and orchestrator that the source calls; raise for a name that is not a
    constant."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("call", "call_until_done"):
            yield from (("activity", name) for name in _names(tree, node.args[0]))
        elif called in ("call_sub_orchestrator", "start_new"):
            yield from (("orchestrator", name) for name in _names(tree, node.args[0]))


def _names(tree: ast.AST, node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        dictionaries = [value for value in _assigned(tree, node.value.id) if isinstance(value, ast.Dict)]
        if dictionaries:
            return [name for value in dictionaries[0].values for name in _names(tree, value)]
    raise AssertionError(f"line {node.lineno}: write the name itself, so that it can be checked")


def called() -> set[tuple[str, str]]:
    """Return what orchestrators and the launcher of the runs call."""
    sources = [source for path, source in stories().items() if path.startswith("orchestrators")]
    sources += [(ROOT / "outlast" / path).read_text("utf-8") for path in ("runs/launcher.py",)]
    return {name for source in sources for name in names_called(source)}


@pytest.fixture(scope="module")
def registered() -> dict[str, set[str]]:
    """The names of functions by their trigger."""
    found: dict[str, set[str]] = {}
    for function in registered_functions():
        found.setdefault(function.get_trigger().get_binding_name(), set()).add(function.get_function_name())
    return found


def test_no_story_fans_out_in_a_shape_that_goes_wrong() -> None:
    """No orchestrator uses task_any, yields a retried call with others, or gives task_all anything but
    sub-orchestrations without retry."""
    faults = {path: list(fan_out_faults(source)) for path, source in stories().items()}
    assert not any(faults.values()), faults


@pytest.mark.parametrize(
    "planted",
    [
        "def f(c):\n    yield c.task_any([c.call_sub_orchestrator('a', 1, 'i')])",
        "def f(c):\n    yield c.task_any([c.call_activity('a', 1), c.create_timer(at)])",
        "def f(c):\n    yield c.task_any([c.wait_for_external_event('e')])",
        "def f(c, tasks):\n    yield c.task_any(tasks)",
        "def f(c):\n    task = c.call_activity_with_retry('a', r, 1)\n    yield task",
        "def f(c):\n    yield [c.call_sub_orchestrator_with_retry('a', r, 1)]",
        "def f(c):\n    yield c.task_all([c.call_activity('a', 1)])",
        "def f(c):\n    yield c.task_all([c.call_sub_orchestrator('a', 1, 'i'), c.call_activity('a', 1)])",
        "def f(c):\n    yield c.task_all([c.call_sub_orchestrator_with_retry('a', r, 1) for _ in range(3)])",
        "def f(c):\n    tasks = [c.call_activity('a', n) for n in range(3)]\n    yield c.task_all(tasks)",
        "def f(c, tasks):\n    yield c.task_all(tasks)",
    ],
)
def test_a_wrong_shape_is_found(planted: str) -> None:
    """Each planted shape that goes wrong is found."""
    assert list(fan_out_faults(planted))


def timers(source: str) -> int:
    """Return how many timers a source creates."""
    return sum(isinstance(node, ast.Attribute) and node.attr == "create_timer" for node in ast.walk(ast.parse(source)))


def test_no_timer_is_longer_than_a_day() -> None:
    """Timers are created in outlast/durable.py alone, in a wait and beside an event, and each is cut to a day at most:
    one of more than six days cannot be cancelled, and its instance would stay running for three days."""
    assert {path for path, source in stories().items() if timers(source)} == {"outlast/durable.py"}
    assert timers(stories()["outlast/durable.py"]) == 2
    assert max(durable.LONGEST_TIMER, durable.LONGEST_WAIT) <= timedelta(days=1)
    context = Timing()
    caller = durable.Caller(context, 5.0)
    list(caller.wait(10 * 86_400))
    list(caller.wait_for_event("admitted", "2027-01-01T00:00:00+00:00"))
    list(caller.wait_for_event("admitted", None))
    assert max(context.seconds) == timedelta(days=1).total_seconds()


class Timing(ReplayContext):
    """Notes the seconds of each timer."""

    def __init__(self) -> None:
        super().__init__("r1", {})
        self.seconds: list[float] = []

    def create_timer(self, fire_at: datetime) -> Action:
        timer = super().create_timer(fire_at)
        self.seconds.append(timer.seconds)
        return timer


def test_a_planted_timer_is_found() -> None:
    """A timer of an orchestrator's own is counted, however it is reached."""
    assert (
        timers("def f(c):\n    make = c.create_timer\n    yield make(c.now + days)\n    yield c.create_timer(x)") == 2
    )


def test_every_name_called_is_registered_and_every_one_registered_is_called(registered: dict[str, set[str]]) -> None:
    """The activities and orchestrators that are called are exactly those that are registered."""
    for kind, trigger in (("activity", "activityTrigger"), ("orchestrator", "orchestrationTrigger")):
        assert {name for of, name in called() if of == kind} == registered[trigger]


def test_names_called_are_found_wherever_they_stand() -> None:
    """Names of calls are found as constants and in dictionaries of the file."""
    source = "S = {'a': 'one', 'b': 'two'}\ndef f(c):\n    yield from c.call(S[x], 1)\n    c.start_new('three')\n"
    assert set(names_called(source)) == {("activity", "one"), ("activity", "two"), ("orchestrator", "three")}


@pytest.mark.parametrize("planted", ["c.call(name, 1)", "c.call_sub_orchestrator(f'{x}', 1)", "c.call(names()[0], 1)"])
def test_a_name_that_cannot_be_told_is_refused(planted: str) -> None:
    """A call whose name cannot be found in the source raises AssertionError."""
    with pytest.raises(AssertionError, match="write the name itself"):
        list(names_called(planted))


def test_one_name_for_file_function_and_test(registered: dict[str, set[str]]) -> None:
    """Each registered function is defined and tested in files of its name, and no other file is in its folder."""
    folders = {"activityTrigger": "activities", "orchestrationTrigger": "orchestrators", "httpTrigger": "outlast/http"}
    for trigger, folder in folders.items():
        for name in registered[trigger]:
            source = (ROOT / folder / f"{name}.py").read_text("utf-8")
            assert re.search(rf"^ *(async )?def {name}\(", source, re.MULTILINE), f"{folder}/{name}.py"
            assert (ROOT / "tests" / "unit" / folder / f"test_{name}.py").exists(), f"{folder}/{name} has no test"
    for folder, more in (("activities", set[str]()), ("orchestrators", HELPERS_OF_STORIES)):
        files = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
        assert files == more | registered["activityTrigger" if folder == "activities" else "orchestrationTrigger"]


def requirements() -> set[str]:
    """Return the app's own requirements."""
    lines = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    return {line.partition("==")[0] for line in lines if line and not line.startswith(("#", "-"))}


def brought_by(module: str) -> str | None:
    """Return the requirement that brings a module, or None for modules of the app and of Python."""
    if module.split(".")[0] in (*rules.DEPLOYED, *BUILT_IN, "__future__"):
        return None
    found = [name for prefix, name in BEHIND.items() if module == prefix or module.startswith(f"{prefix}.")]
    return found[0] if found else module.split(".")[0]


def test_what_is_deployed_imports_what_is_required_and_all_of_it() -> None:
    """The deployed files import exactly the packages of requirements.in."""
    modules = {module for path in rules.files(*rules.DEPLOYED) for module in rules.imported(path)}
    assert {name for module in modules if (name := brought_by(module))} == requirements()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    """Each wanted package is in the lock, and each package of the lock has a version and hashes."""
    lock = (ROOT / f"{name}.txt").read_text("utf-8")
    packages = re.split(r"\n(?=[a-z])", lock.partition("\n")[2])
    pinned = {package.split()[0] for package in packages if re.match(r"[\w.-]+==[\w.]+ ", package)}
    assert all("--hash=sha256:" in package for package in packages if not package.startswith("#"))
    wanted = re.findall(r"^([\w.-]+==[\w.]+)", (ROOT / f"{name}.in").read_text("utf-8"), re.MULTILINE)
    assert wanted
    assert set(wanted) <= pinned


def test_nothing_local_imports_tests() -> None:
    """Nothing in local/ imports tests."""
    assert rules.breaches(("local",), "tests") == []


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        ("orchestrators/x.py", "import random", "test_orchestrators_lean_on_nothing_that_changes"),
        ("orchestrators/x.py", "from datetime import datetime", "test_orchestrators_lean_on_nothing_that_changes"),
        ("orchestrators/x.py", "import os", "test_orchestrators_lean_on_nothing_that_changes"),
        (
            "orchestrators/x.py",
            "from outlast.staging.store import Staging",
            "test_orchestrators_lean_on_nothing_that_changes",
        ),
        ("orchestrators/x.py", "def f():\n    import activities.y", "test_orchestrators_lean_on_nothing_that_changes"),
        ("activities/x.py", "from orchestrators.run_lane import STEPS", "test_activities_know_no_story"),
        ("activities/x.py", "from outlast.settings import Settings", "test_activities_know_no_story"),
        ("activities/x.py", "import azure.durable_functions as df", "test_activities_know_no_story"),
        ("outlast/x.py", "from local.inbox.server import Inbox", "test_nothing_deployed_imports_what_is_local"),
        ("reports/x.py", "import local", "test_nothing_deployed_imports_what_is_local"),
        ("outlast/x.py", "import outlast_cli.api", "test_nothing_deployed_imports_what_is_local"),
        ("outlast_cli/x.py", "def f():\n    import outlast.report", "test_the_command_is_a_client_alone"),
        ("outlast_cli/x.py", "from local.console import say", "test_the_command_is_a_client_alone"),
        ("local/x.py", "import function_app", "test_local_knows_no_app"),
        ("local/host/x.py", "from outlast.models import Totals", "test_local_knows_no_app"),
        ("outlast/x.py", "import os\nos.environ['X']", "test_only_settings_reads_the_environment"),
    ],
)
def test_a_wrong_import_is_found(
    path: str, source: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each rule of test_rules.py fails for a file that breaks it, wherever in the file."""
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(source, "utf-8")
    (tmp_path / "function_app.py").write_text("import os\nos.environ", "utf-8")
    monkeypatch.setattr(rules, "ROOT", tmp_path)
    check: Any = getattr(rules, rule)
    with pytest.raises(AssertionError):
        check()
    planted.write_text("", "utf-8")
    check()
