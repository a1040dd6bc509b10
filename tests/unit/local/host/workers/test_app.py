"""Finding and loading a function app."""

import itertools
import sys
from pathlib import Path

import pytest

from local.host.workers import app as apps

HEAD = "import azure.functions as func\nimport azure.durable_functions as df\napp = df.DFApp()\n"
NUMBERS = itertools.count()


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Loader":
    """Loads apps from their code, each under a module name of its own."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    return Loader(tmp_path, monkeypatch)


class Loader:
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = patch

    def __call__(self, code: str) -> dict[str, apps.Function]:
        """Return the functions of an app with this code."""
        script = f"app_{next(NUMBERS)}.py"
        self._patch.setenv("PYTHON_SCRIPT_FILE_NAME", script)
        (self._folder / script).write_text(HEAD + code, encoding="utf-8")
        return apps.load(self._folder)


def test_blueprints_are_part_of_the_app(load: Loader) -> None:
    """Activities and orchestrators of a blueprint are functions of the app."""
    code = "bp = df.Blueprint()\n@bp.activity_trigger(input_name='x')\ndef step(x): pass\n"
    code += "@bp.orchestration_trigger(context_name='context')\ndef story(context): pass\napp.register_functions(bp)\n"
    assert {name: f.trigger for name, f in load(code).items()} == {
        "step": "activityTrigger",
        "story": "orchestrationTrigger",
    }


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("@app.route()\ndef f(req, more): pass", "declared in Python but not in function.json: {'more'}"),
        ("@app.route()\ndef f(request): pass", "declared in Python but not in function.json: {'request'}"),
        ("@app.activity_trigger(input_name='x')\ndef f(): pass", "declared in function.json but not in Python: {'x'}"),
        (
            "@app.orchestration_trigger(context_name='ctx')\ndef f(ctx): pass",
            "declared in function.json but not in Python: {'ctx'}",
        ),
    ],
)
def test_parameters_that_are_no_bindings_are_refused(load: Loader, function: str, said: str) -> None:
    """An app with a function whose parameters are not its bindings is refused at its load with the Azure worker's
    words."""
    with pytest.raises(apps.NotLoadable) as refused:
        load(function)
    assert str(refused.value) == f"cannot load the f function: the following parameters are {said}"


def test_a_function_may_ask_for_its_context(load: Loader) -> None:
    """A parameter named `context` needs no binding and may be one."""
    code = "@app.route()\ndef f(req, context): pass\n"
    code += "@app.orchestration_trigger(context_name='context')\ndef g(context): pass\n"
    assert set(load(code)) == {"f", "g"}


@pytest.mark.parametrize("setting", ["AzureWebJobs.f.Disabled", "AzureWebJobs_f_Disabled"])
def test_a_setting_disables_a_function(load: Loader, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    """A setting with the Azure host's name, or with the form that a shell can set, disables a function."""
    monkeypatch.setenv(setting, "True")
    function = load("@app.queue_trigger(arg_name='m', queue_name='q', connection='c')\ndef f(m): pass")["f"]
    assert function.disabled
    assert function.reason == "AzureWebJobs.f.Disabled disables it"


def test_a_retry_policy_is_noticed(load: Loader) -> None:
    """A timer function has its policy of fixed delays; a function with another policy is marked as retried."""
    code = "@app.timer_trigger(arg_name='t', schedule='0 * * * * *')\n@app.retry(strategy='{}', max_retry_count='3', "
    code += "delay_interval='00:00:01', minimum_interval='00:00:01')\ndef f(t): pass"
    [fixed, other] = (load(code.format(strategy))["f"] for strategy in ("fixed_delay", "exponential_backoff"))
    assert (fixed.retry, fixed.retried) == ({"count": "3", "delay": "00:00:01"}, False)
    assert (other.retry, other.retried) == (None, True)
