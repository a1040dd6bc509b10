"""The package that azd publishes is small, whole, and needs nothing but the deployed requirements."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from outlast.http.show_page import page_files
from tests.unit.infra.infra_files import INFRA, ROOT
from tests.unit.infra.package import package_files, unpack_package

MOST_BYTES = 2_000_000
"""Of the app's own files, unpacked. They have about 1.3 MB; more would be a file that does not belong there."""
LOAD = """
import json, sys
from importlib.metadata import packages_distributions
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import function_app
triggers = {one.get_function_name(): one.get_trigger().get_binding_name() for one in function_app.app.get_functions()}
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()
         if "." not in name and name not in before}
known = packages_distributions()
used = {name for name in files if name != "backports" or any(other.startswith("backports.") for other in sys.modules)}
needed = sorted({distribution for name in used for distribution in known.get(name, [])})
print(json.dumps({"functions": triggers, "files": files, "distributions": needed, "modules": sorted(sys.modules)}))
"""
"""Loads the app as a worker does, and prints its functions with their triggers, its modules and its libraries.

A library that looks for `backports.something` in vain leaves an empty `backports` behind, which nothing uses."""
TIMER = "timerTrigger"
LATER = ("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "pyarrow", "datasketches", "zstandard")
"""What is loaded by the first run that needs it, or with an endpoint to export to."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def loaded(unpacked: Path) -> dict[str, Any]:
    return load(unpacked)


def load(folder: Path, python: str = sys.executable) -> dict[str, Any]:
    """Return what a fresh interpreter says of the app in a folder, without any setting and with no other folder."""
    command = [python, "-I", "-c", LOAD, str(folder)]
    ended = subprocess.run(command, env={}, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


def test_the_package_has_source_and_nothing_else() -> None:
    """The package has Python source, the files of pages, the texts of the API, host.json, the requirements and the
    licence."""
    others = {str(path) for path in package_files() if path.suffix != ".py" and path.parts[0] != "ui"}
    pages = {"outlast/rendering/run.css", "outlast/rendering/run.html"}
    texts = {"outlast/http/openapi/texts.txt"}
    assert others == {"LICENSE", "host.json", "requirements.txt", *pages, *texts}


def test_the_package_has_the_whole_page() -> None:
    """Each file that the app serves as its page is in the package, and no other file of that folder."""
    assert {path.name for path in package_files() if path.parts[0] == "ui"} == set(page_files(ROOT / "ui"))


def test_the_package_is_small() -> None:
    """The app's own files stay small, because each new instance loads them."""
    assert sum((ROOT / path).stat().st_size for path in package_files()) < MOST_BYTES


def test_the_app_loads_from_the_package(unpacked: Path, loaded: dict[str, Any]) -> None:
    """The unpacked package has all functions that the repository has, and takes none of its modules from there."""
    assert loaded["functions"] == load(ROOT)["functions"]
    own = {path.parts[0].removesuffix(".py") for path in package_files() if path.suffix == ".py"}
    sources = {name: file for name, file in loaded["files"].items() if name in own}
    assert set(sources) == own
    assert [file for file in sources.values() if not file.startswith(str(unpacked))] == []


@pytest.mark.parametrize("name", ["timers", "alert_timer_fails"])
def test_each_timer_function_is_watched(name: str, loaded: dict[str, Any]) -> None:
    """The queries of timer functions name each that the app has, take_incoming too, which needs INPUTS_URL."""
    timers = {name for name, trigger in loaded["functions"].items() if trigger == TIMER}
    (listed,) = re.findall(r"name in \((.*?)\)", (INFRA / "queries" / f"{name}.kql").read_text("utf-8"))
    assert timers
    assert re.findall(r"'(\w+)'", listed) == sorted({*timers, "take_incoming"})


def test_the_app_loads_with_the_deployed_requirements_alone(loaded: dict[str, Any]) -> None:
    """Each library that the app imports is in requirements.txt, which is all that Azure installs."""
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))
    assert loaded["distributions"]
    assert {name.lower().replace("_", "-") for name in loaded["distributions"]} <= pinned


def test_what_few_need_is_not_loaded_with_the_app(loaded: dict[str, Any]) -> None:
    """Without an endpoint the app loads nothing of the export, and no library of a format before its first file."""
    assert [name for name in loaded["modules"] if name.startswith(LATER)] == []
